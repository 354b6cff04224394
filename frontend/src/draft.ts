/**
 * What a member has chosen on the page and not sent yet, so that a page that is closed goes on where
 * it was. It lies beside the attempt in the browser's store and is wiped with it. No address and no
 * code is in it.
 */

import { MODES, type Mode } from "./body.ts";
import { formatUtf8, parseUtf8 } from "./bytes.ts";
import { storeName } from "./attempt.ts";
import { formatCanonical, parseJson } from "./jcs.ts";
import type { Letter } from "./letter.ts";
import { readBoolean, readInteger, readMembers, readNullable, readWord } from "./shape.ts";
import { type Login, parseLogin } from "./sign-on.ts";
import type { Store } from "./store.ts";
import { FormatError } from "./errors.ts";

export const STEPS = ["words", "prove", "stand", "review"] as const;
export type StepName = (typeof STEPS)[number];

export interface Choices {
  readonly step: StepName;
  /** Whether the words were typed again. */
  readonly isKept: boolean;
  /** The enrolment that a code by mail is for, in base64url. */
  readonly enrolment: string | null;
  /** A sign-on that was begun with a provider. */
  readonly login: Login | null;
  /** Whether the proof that was sent last was refused. */
  readonly isRefused: boolean;
  readonly mode: Mode | null;
  readonly condition: number | null;
  readonly statement: string;
  /** Whether the member wants mails about how the letter goes. */
  readonly notify: boolean;
}

const NOTHING: Choices = {
  step: "words",
  isKept: false,
  enrolment: null,
  login: null,
  isRefused: false,
  mode: null,
  condition: null,
  statement: "",
  notify: false,
};

export class Draft {
  readonly #store: Store;
  readonly #name: string;
  #choices: Choices;
  #saved: string | null;
  #writing: Promise<void> = Promise.resolve();

  private constructor(store: Store, name: string, choices: Choices, saved: string | null) {
    this.#store = store;
    this.#name = name;
    this.#choices = choices;
    this.#saved = saved;
  }

  /** Read what was chosen for a letter; a draft that cannot be read is an empty one. */
  static async open(store: Store, letter: Letter): Promise<Draft> {
    const name = `${storeName(letter)}/page`;
    const saved = await store.find(name);
    return new Draft(store, name, saved === null ? NOTHING : parseChoices(saved), saved);
  }

  get choices(): Choices {
    return this.#choices;
  }

  /** Change some of it, and wait until the store has it. Throws StoreError. */
  change(some: Partial<Choices>): Promise<void> {
    this.#choices = { ...this.#choices, ...some };
    return this.#write(parseUtf8(formatCanonical(this.#choices)));
  }

  /** Delete it. */
  wipe(): Promise<void> {
    this.#choices = NOTHING;
    return this.#write(null);
  }

  /** One after the other: each write says what it replaces. */
  #write(text: string | null): Promise<void> {
    const write = this.#writing.then(async () => {
      if (text === this.#saved) return;
      await this.#store.replace(this.#name, this.#saved, text);
      this.#saved = text;
    });
    this.#writing = write.catch(() => undefined);
    return write;
  }
}

function parseChoices(text: string): Choices {
  try {
    return readChoices(parseJson(formatUtf8(text)));
  } catch (error) {
    if (error instanceof FormatError) return NOTHING;
    throw error;
  }
}

function readChoices(value: unknown): Choices {
  const wire = readMembers(value, "choices", [
    "step", "isKept", "enrolment", "login", "isRefused", "mode", "condition", "statement", "notify",
  ]);
  return {
    step: readWord(wire.step, "step", STEPS),
    isKept: readBoolean(wire.isKept, "isKept"),
    enrolment: readNullable(wire.enrolment, (id) => readString(id)),
    login: readNullable(wire.login, parseLogin),
    isRefused: readBoolean(wire.isRefused, "isRefused"),
    mode: readNullable(wire.mode, (mode) => readWord(mode, "mode", MODES)),
    condition: readNullable(wire.condition, (condition) => readInteger(condition, "condition")),
    statement: readString(wire.statement),
    notify: readBoolean(wire.notify, "notify"),
  };
}

function readString(value: unknown): string {
  if (typeof value !== "string") throw new FormatError("choices: not a string");
  return value;
}
