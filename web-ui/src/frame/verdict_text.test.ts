import { expect, test } from "vitest";
import { verdict_of, type VerdictPart } from "./verdict_text";

const part = (one: string, count: number, more: Partial<VerdictPart> = {}): VerdictPart => ({
  one,
  many: `${one}s`,
  count,
  known: true,
  refused: false,
  worst: count ? { u: "u", n: "web-1", t: 0, c: [], v: 2, w: "exits with 1" } : undefined,
  ...more,
});

test("no problem is one sentence", () => {
  expect(verdict_of([part("pod", 0), part("node", 0)])).toMatchObject({ severity: 0, text: "All is well" });
});

test("one problem is told with its reason", () => {
  expect(verdict_of([part("pod", 1), part("node", 0)])).toMatchObject({
    severity: 2,
    short: "1 problem",
    text: "1 problem: pod web-1: exits with 1",
  });
});

test("several are counted by kind", () => {
  expect(verdict_of([part("node", 1), part("pod", 2)]).text).toBe("3 problems: 1 node, 2 pods");
});

test("what is only to be looked at is no alarm", () => {
  const mild = { u: "u", n: "web-1", t: 0, c: [], v: 1 as const };
  expect(verdict_of([part("pod", 2, { worst: mild })]).severity).toBe(1);
});

test("nothing is said before all is known, and kinds that one may not see are left out", () => {
  expect(verdict_of([part("pod", 0), part("node", 0, { known: false })]).severity).toBeUndefined();
  expect(verdict_of([part("pod", 0), part("node", 0, { known: false, refused: true })]).text).toBe("All is well");
  expect(verdict_of([part("pod", 0, { refused: true })]).severity).toBeUndefined();
});
