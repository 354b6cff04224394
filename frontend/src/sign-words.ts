/** The step of the twelve words: shown, copied by hand, and three of them typed again. */

import { Attempt } from "./attempt.ts";
import { button, field, fill, formatNumber, show, textElement, part } from "./dom.ts";
import { FormatError, Refused } from "./errors.ts";
import { signerKeyOf } from "./keys.ts";
import { findTrace, readLog } from "./log.ts";
import { attemptOf, goTo, type SigningPage } from "./signing-page.ts";
import { checkFields, during, FieldProblem, TELLING } from "./telling.ts";
import { formatWords, parseWords, WORD_COUNT } from "./words.ts";

const ASKED = ["word-1", "word-2", "word-3"] as const;

/** Let the step work; `opened` is to be called when it is shown. */
export function prepareWords(page: SigningPage): void {
  const step = page.steps.section("words");
  let places = choosePlaces();
  prepareEarlier(page);

  button("words-copied").addEventListener("click", () => {
    places = choosePlaces();
    askForWords(places);
  });
  button("words-again").addEventListener("click", () => showWords(attemptOf(page).words));
  part("words-form").addEventListener("submit", (event) => {
    event.preventDefault();
    void during(step, button("words-check"), async () => {
      checkWords(attemptOf(page).words.split(" "), places);
      hideWords();
      await page.draft.change({ isKept: true });
      await goTo(page, "prove");
    });
  });
}

/** Where an edition has one before it: its signers' words serve again. */
function prepareEarlier(page: SigningPage): void {
  const form = document.getElementById("earlier-form");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    void during(page.steps.section("words"), button("earlier"), () => useEarlier(page));
  });
}

async function useEarlier(page: SigningPage): Promise<void> {
  const place = field("words-earlier");
  const words = readWords(place);
  show("earlier-found", await findEarlier(page, words, place));
  const begun = attemptOf(page);
  if (begun.words !== words) {
    await begun.wipe();
    page.attempt = await Attempt.start(page.site, page.view.letter, page.store, words);
  }
  place.value = "";
  hideWords();
  await page.draft.change({ isKept: true });
  await goTo(page, "prove");
}

function readWords(place: HTMLInputElement): string {
  try {
    return formatWords(parseWords(place.value));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FieldProblem(place, "words-wrong");
  }
}

/**
 * Look in the log whether words have signed the edition before. False: the log is too long to be
 * read here. Throws FieldProblem if they have not.
 */
async function findEarlier(
  page: SigningPage,
  words: string,
  place: HTMLInputElement,
): Promise<boolean> {
  const { supersedes } = page.view.letter;
  if (supersedes === null) return false;
  const key = await signerKeyOf(parseWords(words), supersedes);
  try {
    const log = await readLog(page.site, TELLING);
    if (findTrace(log, { id: supersedes }, key.publicKey) !== null) return true;
  } catch (error) {
    if (error instanceof Refused && error.code === "log-too-long") return false;
    throw error;
  }
  throw new FieldProblem(place, "words-not-earlier");
}

/** Choose the words, unless there are some, and show them. */
export async function openWords(page: SigningPage): Promise<void> {
  page.attempt ??= await Attempt.start(page.site, page.view.letter, page.store);
  showWords(page.attempt.words);
  await goTo(page, "words");
}

function showWords(words: string): void {
  part("words").replaceChildren(...words.split(" ").map((word) => textElement("li", word)));
  show("words-shown", true);
  show("words-asked", false);
}

/** Nobody who walks past later should find them on the screen. */
function hideWords(): void {
  part("words").replaceChildren();
  for (const id of ASKED) field(id).value = "";
}

function askForWords(places: readonly number[]): void {
  hideWords();
  for (const [at, id] of ASKED.entries()) {
    const label = document.querySelector(`label[for="${id}"]`);
    if (label !== null) fill(label, { place: formatNumber((places[at] ?? 0) + 1) });
  }
  show("words-shown", false);
  show("words-asked", true);
  field(ASKED[0]).focus();
}

function checkWords(words: readonly string[], places: readonly number[]): void {
  checkFields(
    ASKED.map((id, at) => {
      const typed = field(id).value.normalize("NFKC").trim().toLowerCase();
      const isRight = typed === words[places[at] ?? 0];
      return isRight ? null : new FieldProblem(field(id), typed === "" ? "word-missing" : "word-wrong");
    }),
  );
}

/** Choose three of the twelve places, in their order: always the same three would be learnt. */
function choosePlaces(): readonly number[] {
  const places = new Set<number>();
  while (places.size < ASKED.length) {
    const [chance = 0] = crypto.getRandomValues(new Uint8Array(1));
    // 252 is the greatest multiple of 12 in a byte: none is likelier than another.
    if (chance < 252) places.add(chance % WORD_COUNT);
  }
  return [...places].sort((one, other) => one - other);
}
