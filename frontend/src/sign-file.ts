/** Going on elsewhere: an unfinished signature is saved as a file once its token is there, or taken from one. */

import { Attempt } from "./attempt.ts";
import { formatAttemptFile, LONGEST_ATTEMPT, parseAttemptFile } from "./attempt-file.ts";
import { button, element, field, show } from "./dom.ts";
import { FormatError, Refused, VerificationError } from "./errors.ts";
import { attemptOf, goTo, type SigningPage } from "./signing-page.ts";
import { OPENED } from "./steps.ts";
import { during, FieldProblem } from "./telling.ts";

const API = "/api/v1";

/** Let the two parts work. */
export function prepareFile(page: SigningPage): void {
  const step = page.steps.section("read");
  // A letter that takes no more signatures has no place for a file.
  document.getElementById("file-form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    void during(step, button("take-file"), () => takeFile(page));
  });
  const link = element("save-file", HTMLAnchorElement);
  let isSaved = false;
  page.steps.section("stand").addEventListener(OPENED, () => {
    if (attemptOf(page).state.state === "held") offerFile(page, link);
  });
  link.addEventListener("click", () => {
    isSaved = true;
    show("forget-problem", false);
  });
  button("forget").addEventListener("click", () => {
    show("forget-problem", !isSaved);
    if (!isSaved) return;
    void during(page.steps.section("stand"), button("forget"), async () => {
      await page.draft.wipe();
      await attemptOf(page).wipe();
      location.reload();
    });
  });
}

function offerFile(page: SigningPage, link: HTMLAnchorElement): void {
  const { slug, edition } = page.view.letter;
  const data = formatAttemptFile(attemptOf(page), location.origin + API);
  if (link.href.startsWith("blob:")) URL.revokeObjectURL(link.href);
  link.href = URL.createObjectURL(new Blob([data], { type: "application/json" }));
  link.download = `${slug}-${edition}.attempt`;
}

async function takeFile(page: SigningPage): Promise<void> {
  const place = field("attempt-file");
  try {
    const file = place.files?.[0];
    if (file === undefined || file.size > LONGEST_ATTEMPT) throw new FormatError("no file");
    const data = new Uint8Array(await file.arrayBuffer());
    const { words, held } = parseAttemptFile(data, page.site, page.view.letter);
    page.attempt = await Attempt.adopt(page.site, page.view.letter, page.store, words, held);
  } catch (error) {
    throw problemOf(error, place);
  }
  place.value = "";
  await page.draft.change({ isKept: true });
  await goTo(page, "stand");
}

function problemOf(error: unknown, place: HTMLInputElement): unknown {
  if (error instanceof Refused) return new FieldProblem(place, error.code);
  const isOdd = error instanceof FormatError || error instanceof VerificationError;
  return isOdd ? new FieldProblem(place, "not-an-attempt") : error;
}
