/** The points of the chart: read within bounds, drawn as steps, found by time and by key. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { columnsOf, parsePoints, type Point, pointAfterKey, pointNear } from "../src/growth-points.ts";

const TEXT = "60,1,2 60,3,0,2,3 600,2,0";

function read(text: string): readonly Point[] {
  const points = parsePoints(text);
  assert.ok(points !== null);
  return points;
}

test("points are read with the opening before them", () => {
  assert.deepEqual(read(TEXT), [
    { after: 0, standing: 0, waiting: 0, reached: [] },
    { after: 60, standing: 1, waiting: 2, reached: [] },
    { after: 60, standing: 3, waiting: 0, reached: [2, 3] },
    { after: 600, standing: 2, waiting: 0, reached: [] },
  ]);
  assert.equal(read("0,1,0").length, 1);
  assert.equal(read(`0,1,0${" 5,1,0".repeat(999)}`).length, 1_000);
});

test("what is no points is none", () => {
  for (const text of [
    "", " ", "1", "1,2", "1,2,", "1,2,3 ", "1,2,3,", "-1,2,3", "1.5,2,3", "1,2,x", "1,2,3\n4,5,6", "5,1,1 4,1,1",
    "9999999999,1,1", "1,99999999,1", "1,1,99999999", "1,1,1,99999999", `1,1,1${",1".repeat(101)}`,
    `0,1,0${" 5,1,0".repeat(1_000)}`,
  ]) assert.equal(parsePoints(text), null, text.slice(0, 40));
});

test("the columns go on to the end, and no further", () => {
  assert.deepEqual(columnsOf(read(TEXT), 900), [[0, 60, 60, 600, 900], [0, 3, 3, 2, 2], [0, 1, 3, 2, 2]]);
  assert.deepEqual(columnsOf(read(TEXT), 600), [[0, 60, 60, 600], [0, 3, 3, 2], [0, 1, 3, 2]]);
});

test("the point that is nearest to a time is found, of several the last", () => {
  const points = read(TEXT);
  for (const [after, index] of [[-5, 0], [0, 0], [29, 0], [30, 0], [31, 2], [60, 2], [330, 2], [331, 3], [600, 3], [1e9, 3], [NaN, 0]] as const) {
    assert.equal(pointNear(points, after), index, String(after));
  }
});

test("keys lead from point to point, within them, the way one reads", () => {
  for (const [key, from, there, turned] of [
    ["ArrowRight", 5, 6, 4], ["ArrowLeft", 5, 4, 6], ["ArrowUp", 5, 6, 6], ["ArrowDown", 5, 4, 4],
    ["ArrowRight", 40, 40, 39], ["ArrowLeft", 0, 0, 1], ["PageUp", 5, 9, 9], ["PageDown", 5, 1, 1],
    ["PageDown", 2, 0, 0], ["Home", 5, 0, 0], ["End", 5, 40, 40],
  ] as const) {
    assert.equal(pointAfterKey(key, from, 40, false), there, key);
    assert.equal(pointAfterKey(key, from, 40, true), turned, key);
  }
  for (const key of ["Tab", "a", "Enter", "toString", ""]) assert.equal(pointAfterKey(key, 5, 40, false), null);
  assert.equal(pointAfterKey("PageUp", 0, 3, false), 1);
});
