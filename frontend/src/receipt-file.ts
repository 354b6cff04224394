/** A receipt in the member's hands: a file, a print, the words in the clipboard. */

import { fill, sentence } from "./dom.ts";
import { formatReceipt, type Receipt } from "./receipt.ts";

const COPIED_MS = 4_000;

/** What was offered; `update` puts a newer receipt, such as one with its proof, in its place. */
export interface Offer {
  update(receipt: Receipt): void;
}

/** Let the buttons of the page save a receipt, and warn whoever leaves without it. */
export function offerReceipt(first: Receipt): Offer {
  let url = "";
  let isSaved = false;
  const link = document.getElementById("receipt-file");
  const put = (receipt: Receipt) => {
    if (!(link instanceof HTMLAnchorElement)) return;
    if (url !== "") URL.revokeObjectURL(url);
    url = URL.createObjectURL(new Blob([formatReceipt(receipt)], { type: "application/json" }));
    link.href = url;
    link.download = `${receipt.letter.slug}-${receipt.letter.edition}.receipt.json`;
  };
  put(first);
  const saved = () => {
    isSaved = true;
  };
  link?.addEventListener("click", saved);
  document.getElementById("receipt-print")?.addEventListener("click", () => {
    saved();
    print();
  });
  document.getElementById("receipt-copy")?.addEventListener("click", () => {
    void copy(first.words).then(saved);
  });
  addEventListener("beforeunload", (event) => {
    if (!isSaved) event.preventDefault();
  });
  return { update: put };
}

async function copy(words: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(words);
    fill(document, { copied: sentence("copied") });
  } catch {
    fill(document, { copied: sentence("not-copied") });
  }
  setTimeout(() => fill(document, { copied: "" }), COPIED_MS);
}
