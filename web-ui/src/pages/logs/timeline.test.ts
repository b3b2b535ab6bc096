import { describe, expect, it } from "vitest";
import { LogRing, Timeline, type Line } from "./timeline";
import { anchor_of, block_top, END, ROW_PX, rows_around, scrolled, type Anchor } from "./window";

let next = 0;
const line = (key: string, source = 0, text = key): Line => ({ id: next++, key, source, text });
const keys = (timeline: Timeline) => timeline.slice(0, timeline.length).map((one) => one.key);
const texts = (ring: LogRing) => ring.shown.slice(0, ring.shown.length).map((one) => one.text);

describe("timeline", () => {
  it("merges what comes late into its place, equal times in the order of arrival", () => {
    const ring = new LogRing();
    ring.add([line("1"), line("3", 0, "first"), line("5")]);
    ring.add([line("4", 1), line("2", 1), line("3", 1, "second")]);
    expect(texts(ring)).toEqual(["1", "2", "first", "second", "4", "5"]);
  });
  it("gives the same order as a sort, however the batches fall", () => {
    const ring = new LogRing();
    const all: string[] = [];
    let seed = 3;
    for (let round = 0; round < 200; round++) {
      const batch = Array.from({ length: round % 7 }, () => {
        seed = (seed * 48271) % 2147483647;
        return line(String(seed % 1000).padStart(4, "0"));
      });
      all.push(...batch.map((one) => one.key));
      ring.add(batch);
    }
    expect(keys(ring.all)).toEqual(all.sort());
  });
});

describe("a line", () => {
  it("is found again after others came before it or were dropped", () => {
    const ring = new LogRing(4);
    const wanted = line("5");
    ring.add([line("1"), wanted]);
    expect(ring.all.index_of(wanted)).toBe(1);
    ring.add([line("3"), line("5"), line("7")]);
    expect(ring.all.at(ring.all.index_of(wanted))).toBe(wanted);
    ring.add([line("8"), line("9"), line("9")]);
    expect(ring.all.index_of(wanted)).toBe(0);
  });
});

describe("ring", () => {
  it("holds the last lines and counts what it drops", () => {
    const ring = new LogRing(3);
    ring.add(["1", "2", "3", "4", "5"].map((key) => line(key)));
    expect(texts(ring)).toEqual(["3", "4", "5"]);
    expect(ring.dropped).toBe(2);
  });
  it("holds no more than so many characters, but at least one line", () => {
    const ring = new LogRing(100, 10);
    ring.add([line("1", 0, "aaaa"), line("2", 0, "bbbb"), line("3", 0, "cccc")]);
    expect(texts(ring)).toEqual(["bbbb", "cccc"]);
    ring.add([line("4", 0, "d".repeat(50))]);
    expect(ring.all.length).toBe(1);
  });
  it("a filter shows what it lets through, before and after it was set, and forgets what is dropped", () => {
    const ring = new LogRing(4);
    ring.add([line("1", 0, "keep 1"), line("2", 0, "no"), line("3", 0, "keep 3")]);
    ring.set_filter((one) => one.text.startsWith("keep"));
    expect(ring.add([line("4", 0, "no"), line("5", 0, "keep 5")])).toBe(1);
    expect(texts(ring)).toEqual(["keep 3", "keep 5"]);
    expect(ring.dropped_shown).toBe(1);
    ring.set_filter(null);
    expect(texts(ring)).toEqual(["no", "keep 3", "no", "keep 5"]);
  });
  it("takes 100,000 lines of twelve pods in a fraction of a second and stays at its size", () => {
    const ring = new LogRing(50_000);
    ring.set_filter((one) => one.source === 3);
    const began = performance.now();
    for (let round = 0; round < 300; round++)
      ring.add(
        Array.from({ length: 333 }, (_, i) => line(String(round * 333 + (i % 12) * 20).padStart(9, "0"), i % 12)),
      );
    expect(ring.all.length).toBe(49_950 + 50);
    expect(ring.dropped).toBe(99_900 - 50_000);
    expect(performance.now() - began).toBeLessThan(3000); // a browser has 5 s for as many
  });
});

describe("window", () => {
  const H = 10 * ROW_PX;
  const view = (top: number, length: number) => ({ top, height: H, full: Math.max(H, length * ROW_PX) });
  const flat = (anchor: Anchor, length: number) => {
    const rows = rows_around(anchor, length, H);
    const before = (Math.floor(anchor.at) - rows.from) * ROW_PX;
    const px = { before, own: ROW_PX, all: (rows.to - rows.from) * ROW_PX };
    return { ...rows, first_px: rows.from * ROW_PX - block_top(anchor, rows, length, H, px) };
  };
  it("of lines that do not wrap is what the scroll says, at the end, the beginning and between", () => {
    for (const top of [0, 7, 5000, 19_790, 20_000 - H])
      expect(flat(anchor_of(1000, view(top, 1000)), 1000).first_px).toBeCloseTo(top);
    expect(flat(END(1000, H), 1000).first_px).toBe(20_000 - H);
  });
  it("holds no more rows than fit", () => {
    const { from, to } = rows_around(anchor_of(50_000, view(400_000, 50_000)), 50_000, H);
    expect(to - from).toBeLessThanOrEqual(14);
    expect(rows_around({ at: 100, y: H }, 500, H).to).toBe(100); // what came since is not there
    expect(rows_around(END(5, H), 5, H)).toEqual({ from: 0, to: 5 });
  });
  it("stays where it is while lines come, and moves by as many as were scrolled", () => {
    const held = anchor_of(1000, view(20_000 - H, 1000));
    expect(flat(held, 5000).first_px).toBe(20_000 - H);
    const moved = scrolled(held, -45, 5000, view(20_000 - H - 45, 5000));
    expect(flat(moved, 5000).first_px).toBeCloseTo(20_000 - H - 45);
    expect(scrolled(held, -19_000, 5000, view(0, 5000))).toEqual({ at: 0, y: 0 });
  });
  it("begins at the top when there is little, and ends at the bottom when lines are tall", () => {
    const tall = { before: 1200, own: 0, all: 1200 };
    expect(block_top(END(12, H), { from: 1, to: 12 }, 12, H, tall)).toBe(H - 1200);
    expect(block_top({ at: 0, y: 0 }, { from: 0, to: 3 }, 3, H, { before: 0, own: 20, all: 60 })).toBe(0);
    expect(block_top(END(3, H), { from: 0, to: 3 }, 3, H, { before: 60, own: 0, all: 60 })).toBe(0);
  });
});
