/** Stands in the bundle where libraries would import node's `crypto` on an old node. */
export const webcrypto = globalThis.crypto;
