/** The code of a card: taken out of the address at once, kept over a reload, forgotten when it was used. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { forgetInvite, formatInviteCode, type Place, takeInvite } from "../src/invite.ts";

const CODE = "0123456789ABCDEF";
const WRITTEN = "0123-4567-89AB-CDEF";
const PATH = "/letters/mill/sign";

/** A window at an address, which remembers what its history was told. */
function windowAt(hash: string, state: unknown = null): Place & { readonly said: string[] } {
  const said: string[] = [];
  const history = {
    state,
    replaceState(next: unknown, _: string, address?: string | URL | null) {
      history.state = next;
      location.hash = String(address).includes("#") ? location.hash : "";
      said.push(String(address));
    },
  };
  const location = { hash, pathname: PATH, search: "?lang=id" };
  return { location, history, said };
}

test("a code is taken out of the address, and written in groups of four", () => {
  for (const writing of [CODE, WRITTEN, "o123456789abcdef", "0123%204567%2089ab%20cdef"]) {
    const place = windowAt(`#invite=${writing}`);
    assert.equal(takeInvite(place), WRITTEN);
    assert.deepEqual(place.said, [`${PATH}?lang=id`]);
  }
});

test("a reload finds it again, until it is forgotten", () => {
  const place = windowAt(`#invite=${CODE}`);
  takeInvite(place);
  assert.equal(takeInvite(place), WRITTEN);
  assert.equal(place.said.length, 1);
  forgetInvite(place);
  assert.equal(takeInvite(place), null);
});

test("what is no code is taken out as well; a newer card takes the place of the one before", () => {
  for (const writing of ["", "abc", `${CODE}0`, "U".repeat(16), "%00", "x".repeat(5_000)]) {
    const place = windowAt(`#invite=${writing}`, { invite: WRITTEN });
    assert.equal(takeInvite(place), null);
    assert.deepEqual(place.said, [`${PATH}?lang=id`]);
  }
  const place = windowAt("#invite=ZZZZZZZZZZZZZZZZ", { invite: WRITTEN });
  assert.equal(takeInvite(place), "ZZZZ-ZZZZ-ZZZZ-ZZZZ");
});

test("another fragment, and another state of the history, are left alone", () => {
  for (const state of [null, undefined, 1, "x", {}, { invite: 1 }, { invite: "abc" }]) {
    const place = windowAt("#openid=a.b&code=c", state);
    assert.equal(takeInvite(place), null);
    assert.deepEqual(place.said, []);
    assert.equal(place.location.hash, "#openid=a.b&code=c");
  }
});

test("groups are of four", () => {
  assert.equal(formatInviteCode(CODE), WRITTEN);
  assert.equal(formatInviteCode(""), "");
});
