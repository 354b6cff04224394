/**
 * Passkeys of the desk: the page says what is done (`data-kind`: get or create), where the options come
 * from and where the answer goes. The page holds every sentence; this only chooses among them. Bytes go
 * over the line as WebAuthn Level 3 writes them in JSON (section 5.1, `toJSON`), which not every browser
 * does by itself.
 */

import { type Bytes, formatBase64url, parseBase64url } from "./bytes.ts";
import { findSentence, sentence, show, within } from "./dom.ts";
import { UndersignedError, Unreachable } from "./errors.ts";

const TIMEOUT_MS = 30_000;

type Wire = Readonly<Record<string, unknown>>;

interface Place {
  readonly root: HTMLElement;
  readonly form: HTMLFormElement;
  readonly name: HTMLInputElement | null;
}

function start(): void {
  const root = document.getElementById("passkey");
  const form = document.getElementById("passkey-form");
  if (root === null || !(form instanceof HTMLFormElement)) return;
  show("plain", false);
  if (!isSecureContext || !("PublicKeyCredential" in window)) {
    show("unsupported", true);
    return;
  }
  form.hidden = false;
  const place = { root, form, name: form.querySelector<HTMLInputElement>("input[type=text]") };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run(place);
  });
}

/** Do it once; whatever fails is said in the page, and the button works again. */
async function run(place: Place): Promise<void> {
  const pressed = within(place.form, "button");
  if (pressed.getAttribute("aria-disabled") === "true") return;
  pressed.setAttribute("aria-disabled", "true");
  tell(place, null);
  write("passkey-status", sentence("working"));
  try {
    location.assign(await exchange(place));
  } catch (error) {
    write("passkey-status", "");
    pressed.removeAttribute("aria-disabled");
    tell(place, codeOf(error));
  }
}

/** Get options, ask the authenticator, send its answer; return where to go. */
async function exchange(place: Place): Promise<string> {
  const { options = "", finish = "", kind = "" } = place.root.dataset;
  const name = place.name?.value.trim() ?? null;
  if (name === "") throw new UndersignedError("format-error", "A name is missing.");
  const isJoining = kind === "create" && place.root.dataset["csrf"] === "";
  const asked = await post(place, options, isJoining ? { name: name ?? "" } : {});
  const credential = kind === "create" ? await create(asked) : await get(asked);
  const answer = kind === "create" ? { name: name ?? "", credential } : { credential };
  const { next } = await post(place, finish, answer);
  if (typeof next !== "string" || !next.startsWith("/desk")) throw wrong();
  return next;
}

async function create(options: Wire): Promise<Wire> {
  const user = readObject(options["user"]);
  const publicKey = {
    ...options,
    challenge: readBytes(options["challenge"]),
    user: { ...user, id: readBytes(user["id"]) },
    excludeCredentials: readDescriptors(options["excludeCredentials"]),
  };
  const made = await navigator.credentials.create({
    // The server has written it, by the same standard.
    publicKey: publicKey as unknown as PublicKeyCredentialCreationOptions,
  });
  if (!(made instanceof PublicKeyCredential)) throw wrong();
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    ...head(made),
    response: {
      clientDataJSON: text(response.clientDataJSON),
      attestationObject: text(response.attestationObject),
      transports: response.getTransports(),
    },
  };
}

async function get(options: Wire): Promise<Wire> {
  const publicKey = {
    ...options,
    challenge: readBytes(options["challenge"]),
    allowCredentials: readDescriptors(options["allowCredentials"]),
  };
  const used = await navigator.credentials.get({
    publicKey: publicKey as unknown as PublicKeyCredentialRequestOptions,
  });
  if (!(used instanceof PublicKeyCredential)) throw wrong();
  const response = used.response as AuthenticatorAssertionResponse;
  return {
    ...head(used),
    response: {
      clientDataJSON: text(response.clientDataJSON),
      authenticatorData: text(response.authenticatorData),
      signature: text(response.signature),
      userHandle: response.userHandle === null ? null : text(response.userHandle),
    },
  };
}

function head(credential: PublicKeyCredential): Wire {
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type };
}

/** Send JSON to the desk; return the JSON that it answers. Throws with the code of its refusal. */
async function post(place: Place, address: string, content: Wire): Promise<Wire> {
  const csrf = place.root.dataset["csrf"] ?? "";
  const headers = {
    Accept: "application/json",
    "Content-Type": "application/json",
    ...(csrf === "" ? {} : { "Undersigned-Csrf": csrf }),
  };
  let response: Response;
  let answer: unknown;
  try {
    response = await fetch(address, {
      method: "POST",
      headers,
      body: JSON.stringify(content),
      credentials: "same-origin",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    answer = await response.json();
  } catch {
    throw new Unreachable();
  }
  const read = readObject(answer);
  if (response.ok) return read;
  const code = read["code"];
  throw new UndersignedError(typeof code === "string" ? code : "undersigned-error", "Refused.");
}

/** Return the code by which the page knows an error; those of the standard have names of their own. */
function codeOf(error: unknown): string {
  if (error instanceof UndersignedError) return error.code;
  const name = error instanceof DOMException ? error.name : "";
  const codes: Readonly<Record<string, string>> = {
    AbortError: "cancelled",
    InvalidStateError: "known-passkey",
    NotAllowedError: "cancelled",
    SecurityError: "not-secure",
  };
  return codes[name] ?? "undersigned-error";
}

/** Say what is wrong: next to the name if it is about that, else above the form; null: nothing is. */
function tell(place: Place, code: string | null): void {
  const isOfName = code === "format-error" || code === "name-taken";
  const field = isOfName ? place.name : null;
  const words =
    code === null ? "" : findSentence("error", code) ?? findSentence("error", "undersigned-error");
  for (const old of place.form.querySelectorAll<HTMLElement>("[data-field-error]")) {
    old.hidden = true;
    old.textContent = "";
  }
  place.name?.removeAttribute("aria-invalid");
  const box = within(place.root, "[data-problem]");
  box.hidden = words === "" || field !== null;
  box.textContent = field === null ? words : "";
  if (field === null) return;
  const error = document.getElementById(`${field.id}-error`);
  if (error !== null) {
    error.hidden = false;
    error.textContent = words;
  }
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

function write(id: string, words: string): void {
  const place = document.getElementById(id);
  if (place !== null) place.textContent = words;
}

function readObject(value: unknown): Wire {
  if (typeof value !== "object" || value === null) throw wrong();
  return value as Wire;
}

function readBytes(value: unknown): Bytes {
  if (typeof value !== "string") throw wrong();
  return parseBase64url(value);
}

function readDescriptors(value: unknown): readonly Wire[] {
  if (!Array.isArray(value)) return [];
  return value.map((one) => {
    const descriptor = readObject(one);
    return { ...descriptor, id: readBytes(descriptor["id"]) };
  });
}

function text(bytes: ArrayBuffer): string {
  return formatBase64url(new Uint8Array(bytes));
}

function wrong(): UndersignedError {
  return new UndersignedError("undersigned-error", "Not what was expected.");
}

start();
