import { expect, test } from "vitest";
import type { Row } from "../live/protocol";
import { parse_filter } from "./table_filter";
import { View } from "./table_model";
import { ROWS_MAX, window_of } from "./table_window";

const COLUMNS = [
  { name: "Name", type: "string", priority: 0 },
  { name: "Status", type: "string", priority: 0 },
];
const row = (n: string, more: Partial<Row> = {}): Row => ({
  u: `u-${n}`,
  n,
  s: "default",
  t: 1,
  c: [n, "Running"],
  ...more,
});
const by_name = { key: (one: Row) => one.n, descending: false };

// A collection as the view sees it.
function setup(...names: string[]) {
  const rows = new Map(names.map((n) => [`u-${n}`, row(n)]));
  const touched = { all: true, uids: new Set<string>() };
  const view = new View();
  view.sort(by_name);
  view.update(rows, touched, false);
  const put = (one: Row) => {
    rows.set(one.u, one);
    touched.uids.add(one.u);
  };
  const remove = (n: string) => {
    rows.delete(`u-${n}`);
    touched.uids.add(`u-${n}`);
  };
  const update = (hold = false) => {
    view.update(rows, touched, hold);
    return view.shown.map((entry) => entry.row.n + (entry.gone ? "-" : ""));
  };
  return { view, rows, touched, put, remove, update };
}

test("rows are in order, whatever order they come in", () => {
  const { update, put, remove } = setup("c", "a", "d");
  expect(update()).toEqual(["a", "c", "d"]);
  put(row("b"));
  put(row("e"));
  remove("c");
  expect(update()).toEqual(["a", "b", "d", "e"]);
});

test("a row whose key changed moves, one whose key did not stays the same entry", () => {
  const { view, update, put } = setup("a", "b", "c");
  view.sort({ key: (one) => Number(one.x?.n ?? 0), descending: true });
  const first = view.shown[0];
  put(row("b", { x: { n: 5 } }));
  expect(update()).toEqual(["b", "a", "c"]);
  put(row("a", { c: ["a", "Pending"] }));
  update();
  expect(view.shown[1]).toBe(first);
  expect(view.shown[1]!.row.c[1]).toBe("Pending");
});

test("thousands of random changes end in the order that a sort gives", () => {
  const { view, rows, update, put, remove } = setup();
  view.sort({ key: (one) => one.t, descending: true });
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  for (let batch = 0; batch < 100; batch++) {
    for (let i = 0; i < 30; i++) {
      const name = `p${random(400)}`;
      if (random(4) === 0) remove(name);
      else put(row(name, { t: random(50) }));
    }
    update(random(3) === 0);
  }
  const sorted = [...rows.values()].sort((a, b) => b.t - a.t || (a.n < b.n ? -1 : 1)).map((one) => one.n);
  expect(update()).toEqual(sorted);
  expect(view.held).toBe(0);
});

test("while the order is held rows change in place, and none comes, goes or moves", () => {
  const { view, update, put, remove } = setup("a", "c", "d");
  put(row("b"));
  put(row("c", { c: ["c", "Failed"] }));
  remove("d");
  expect(update(true)).toEqual(["a", "c", "d-"]);
  expect(view.shown[1]!.row.c[1]).toBe("Failed");
  expect(view.held).toBe(2);
  expect(update()).toEqual(["a", "b", "c"]);
  expect(view.held).toBe(0);
});

test("a row that is deleted and made again while the order is held is there afterwards", () => {
  const { update, put, remove } = setup("a", "b");
  remove("b");
  update(true);
  put(row("b"));
  expect(update(true)).toEqual(["a", "b"]);
  expect(update()).toEqual(["a", "b"]);
});

test("the filter follows rows that begin or cease to pass", () => {
  const { view, update, put } = setup("a", "b", "c");
  view.filter(parse_filter("status:failed", COLUMNS));
  expect(update()).toEqual([]);
  put(row("b", { c: ["b", "Failed"] }));
  expect(update()).toEqual(["b"]);
  put(row("b"));
  expect(update()).toEqual([]);
  view.filter(null);
  expect(update()).toEqual(["a", "b", "c"]);
});

test("everything new replaces everything old", () => {
  const { rows, touched, update } = setup("a", "b");
  rows.clear();
  rows.set("u-z", row("z"));
  touched.all = true;
  expect(update()).toEqual(["z"]);
});

test.each([
  ["web", true],
  ["WEB shop", true],
  ["web kube", false],
  ["!kube", true],
  ["!web", false],
  ["app=fro", true],
  ["app==fro", false],
  ["app==front", true],
  ["app!=front", false],
  ["app=back", false],
  ["none=x", false],
  ["status:crash", true],
  ["!status:crash", false],
  ["status:problem", true],
  ["exit", true],
])("the filter %j on a crashing pod of shop: %s", (typed, passes) => {
  const one = row("web-1", {
    s: "shop",
    c: ["web-1", "CrashLoopBackOff"],
    l: { App: "Front" },
    v: 2,
    w: "exits with 1",
  });
  const rows = new Map([[one.u, one]]);
  const view = new View();
  view.filter(parse_filter(typed, COLUMNS));
  view.update(rows, { all: true, uids: new Set() }, false);
  expect(view.shown.length === 1).toBe(passes);
});

test("10,000 rows are filtered within a keystroke, a batch of changes is merged within a frame", () => {
  const { view, update, put } = setup(...Array.from({ length: 10_000 }, (_, i) => `web-${(i * 7919) % 10_000}`));
  const ms = (run: () => void) => {
    const begin = performance.now();
    run();
    return performance.now() - begin;
  };
  const best = (run: (i: number) => void) => Math.min(...[0, 1, 2, 3, 4].map((i) => ms(() => run(i))));
  expect(best((i) => view.filter(parse_filter(`web-${i}`, COLUMNS)))).toBeLessThan(50);
  const change = best((i) => {
    for (let k = 0; k < 25; k++) put(row(`web-${k * 7}`, { t: i }));
    update();
  });
  expect(change).toBeLessThan(15);
});

test("the window holds what is on the screen, and never more than it may", () => {
  for (const screen of [400, 900, 2160, 5000])
    for (const height of [28, 36, 76])
      for (const top of [300, 0, -1, -777, -50_000, -359_000, -9e9]) {
        const { first, end } = window_of(top, screen, height, 10_000);
        expect(first).toBeGreaterThanOrEqual(0);
        expect(end).toBeLessThanOrEqual(10_000);
        expect(end - first).toBeLessThanOrEqual(ROWS_MAX);
        const seen = Math.floor(Math.max(-top, 0) / height);
        if (top > -359_000) expect(first).toBeLessThanOrEqual(seen);
        if (top > -300_000 && screen / height < 70)
          expect(end).toBeGreaterThanOrEqual(seen + Math.ceil(screen / height));
      }
  expect(window_of(0, 900, 36, 0)).toEqual({ first: 0, end: 0 });
});
