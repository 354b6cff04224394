/** Keeps the numbers in a frame fresh: the page is there already, and nothing from around it is read. */

import { followLater, showEmbedded } from "./embed-show.ts";

for (const root of document.querySelectorAll<HTMLElement>("[data-embed]")) {
  const address = root.dataset["embed"] ?? "";
  if (address.startsWith("/api/v1/letters/")) {
    followLater(address, new AbortController().signal, (shown) => showEmbedded(root, shown));
  }
}
