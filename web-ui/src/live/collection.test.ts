import { beforeEach, expect, test, vi } from "vitest";
import type { Row } from "./protocol";

let paint: (() => void) | null = null;
beforeEach(() => {
  paint = null;
  vi.stubGlobal("document", { visibilityState: "visible" });
  vi.stubGlobal("requestAnimationFrame", (run: () => void) => ((paint = run), 1));
});
vi.mock("./stream", () => ({ subscribe: () => () => undefined }));
const { Collection } = await import("./collection");

const row = (u: string, cell = "1"): Row => ({ u, n: u, t: 1, c: [u, cell] });
const names = (found: InstanceType<typeof Collection>) => [...found.rows.keys()];

function filled() {
  const found = new Collection();
  found.apply({ columns: [{ name: "Name", type: "string", priority: 0 }] });
  found.apply({ rows: [row("a"), row("b")] });
  found.apply({ synced: true, rv: 1, total: 2, problems: 1 });
  return found;
}

test("rows, changes and deletions, counted", () => {
  const found = filled();
  expect(found.synced).toBe(true);
  found.apply({ up: [row("c"), row("a", "2")], del: ["b", "unknown"], total: 2, problems: 0 });
  expect(names(found)).toEqual(["a", "c"]);
  expect(found.rows.get("a")?.c[1]).toBe("2");
  expect([found.total, found.problems]).toEqual([2, 0]);
});

test("many frames are one painting", () => {
  const found = filled();
  const before = found.version.value;
  found.apply({ up: [row("c")] });
  found.apply({ up: [row("d")] });
  expect(found.version.value).toBe(before);
  paint?.();
  expect(found.version.value).toBe(before + 1);
});

test("a hidden tab keeps its data", () => {
  vi.stubGlobal("document", { visibilityState: "hidden" });
  vi.useFakeTimers();
  const found = filled();
  vi.runAllTimers();
  expect(found.version.value).toBe(1);
  expect(names(found)).toEqual(["a", "b"]);
  vi.useRealTimers();
});

test("after a reset the old rows stay until the new state is complete", () => {
  const found = filled();
  found.apply({ reset: true });
  expect([names(found), found.synced, found.stale]).toEqual([["a", "b"], true, true]);
  found.apply({ rows: [row("b"), row("c")] });
  expect(names(found)).toEqual(["a", "b"]);
  found.apply({ synced: true, total: 2 });
  expect([names(found), found.synced, found.stale]).toEqual([["b", "c"], true, false]);
});

test("rows stay as well when the connection was lost before they were complete", () => {
  const found = new Collection();
  found.apply({ rows: [row("a")] });
  found.apply({ reset: true });
  expect([names(found), found.synced, found.stale]).toEqual([["a"], false, true]);
  found.apply({ rows: [row("b")], synced: true });
  expect([names(found), found.synced, found.stale]).toEqual([["b"], true, false]);
});

test("a row that the new state has unchanged keeps its identity", () => {
  const found = filled();
  const before = found.rows.get("a");
  found.apply({ reset: true });
  found.apply({ rows: [row("a"), row("b", "2")] });
  found.apply({ synced: true });
  expect(found.rows.get("a")).toBe(before);
  expect(found.rows.get("b")?.c[1]).toBe("2");
});

test("a second reset before the state was complete begins anew", () => {
  const found = filled();
  found.apply({ reset: true });
  found.apply({ rows: [row("x")] });
  found.apply({ reset: true });
  found.apply({ rows: [row("y")] });
  found.apply({ synced: true });
  expect(names(found)).toEqual(["y"]);
});

test("what one may not see any more is not shown any more; a passing failure leaves the rows", () => {
  const away = filled();
  away.apply({ error: { code: 503, message: "later" } });
  expect([names(away), away.error?.code]).toEqual([["a", "b"], 503]);
  const forbidden = filled();
  forbidden.apply({ error: { code: 403, message: "no" } });
  expect([names(forbidden), forbidden.total, forbidden.problems]).toEqual([[], 0, 0]);
});

test("who watches learns which rows changed, and everything after a swap", () => {
  const found = filled();
  const touched = found.watch();
  expect(touched.all).toBe(true);
  touched.all = false;
  found.apply({ up: [row("a", "2")], del: ["b"] });
  expect([...touched.uids]).toEqual(["a", "b"]);
  found.apply({ reset: true });
  found.apply({ rows: [row("a")] });
  expect(touched.all).toBe(false);
  found.apply({ synced: true });
  expect([touched.all, touched.uids.size]).toEqual([true, 0]);
});

test("a record that nobody reads does not grow for ever", () => {
  const found = filled();
  const touched = found.watch();
  touched.all = false;
  for (let i = 0; i < 5000; i++) found.apply({ up: [row(`x${i}`)], del: [`x${i}`] });
  expect(touched.uids.size).toBeLessThan(2000);
  expect(touched.all).toBe(true);
});

test("several collections are one", () => {
  const one = filled();
  const two = new Collection();
  two.apply({ rows: [row("b"), row("c")], synced: true });
  const all = new Collection();
  const touched = all.watch();
  touched.all = false;
  all.join([one, two]);
  expect(names(all)).toEqual(["a", "b", "c"]);
  expect([...touched.uids].sort()).toEqual(["a", "b", "c"]);
  touched.uids.clear();
  two.apply({ del: ["c"] });
  all.join([one, two]);
  expect([...touched.uids]).toEqual(["c"]);
});
