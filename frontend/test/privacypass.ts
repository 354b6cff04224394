/** The publicly verifiable half of the independent implementation that tokens are held to. */

import { publicVerif } from "@cloudflare/privacypass-ts";

export const { BlindRSAMode, Client, Issuer, Origin } = publicVerif;
