import { describe, expect, it } from "vitest";
import { LogRing, Timeline, type Line } from "./timeline";
import { window_of, ROW_PX } from "./window";

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
  it("is the end while following, else what the scroll says, and never more than fits", () => {
    expect(window_of(1000, true, 0, 10 * ROW_PX)).toEqual({ from: 989, to: 1000 });
    expect(window_of(1000, false, 100 * ROW_PX + 7, 10 * ROW_PX)).toEqual({ from: 100, to: 111 });
    expect(window_of(5, false, 0, 10 * ROW_PX)).toEqual({ from: 0, to: 5 });
    expect(window_of(0, true, 0, 400)).toEqual({ from: 0, to: 0 });
  });
});
