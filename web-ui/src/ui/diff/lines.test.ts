import { expect, it } from "vitest";
import { count_changes, diff_lines, hunks, type DiffLine } from "./lines";

const text = (lines: DiffLine[]) => lines.map((line) => line.op + line.text);
const side = (lines: DiffLine[], without: string) =>
  lines
    .filter((line) => line.op !== without)
    .map((line) => line.text)
    .join("\n");

it("a change of one line is one line gone and one come", () => {
  expect(text(diff_lines("a\nb\nc\n", "a\nB\nc\n"))).toEqual([" a", "-b", "+B", " c"]);
});

it("equal texts differ in nothing, and empty ones are all gone or all come", () => {
  expect(count_changes(diff_lines("a\nb", "a\nb"))).toEqual({ added: 0, removed: 0 });
  expect(text(diff_lines("", "x\ny\n"))).toEqual(["+x", "+y"]);
  expect(text(diff_lines("x\n", ""))).toEqual(["-x"]);
});

it("lines have their numbers on both sides", () => {
  const lines = diff_lines("a\nb\nc", "a\nc\nd");
  expect(lines.map((line) => [line.op, line.a, line.b])).toEqual([
    [" ", 1, 1],
    ["-", 2, undefined],
    [" ", 3, 2],
    ["+", undefined, 3],
  ]);
});

it("both texts come back out of any difference, and it is the shortest", () => {
  let seed = 7;
  const random = (n: number) => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) % n;
  for (let round = 0; round < 300; round++) {
    const make = () => Array.from({ length: random(12) }, () => "abc"[random(3)]!);
    const [a, b] = [make(), make()];
    const lines = diff_lines(a.join("\n"), b.join("\n"));
    expect(side(lines, "+")).toBe(a.join("\n"));
    expect(side(lines, "-")).toBe(b.join("\n"));
    const { added, removed } = count_changes(lines);
    expect(added + removed).toBe(a.length + b.length - 2 * common(a, b));
  }
});

// The length of the longest common subsequence, by the table.
function common(a: string[], b: string[]): number {
  const row = new Array<number>(b.length + 1).fill(0);
  for (const one of a) {
    let corner = 0;
    for (let j = 1; j <= b.length; j++) {
      const up = row[j]!;
      row[j] = one === b[j - 1] ? corner + 1 : Math.max(up, row[j - 1]!);
      corner = up;
    }
  }
  return row[b.length]!;
}

it("texts that have little in common are told in bounded time", () => {
  const make = (n: number) => Array.from({ length: 20_000 }, (_, i) => `${n} ${i}`).join("\n");
  expect(count_changes(diff_lines(make(1), make(2)))).toEqual({ added: 20_000, removed: 20_000 });
});

it("what is equal and far from a change is folded", () => {
  const before = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  const after = before.map((line, i) => (i === 10 ? "changed" : line));
  const shown = hunks(diff_lines(before.join("\n"), after.join("\n")), 2);
  expect(shown[0]).toEqual({ skipped: 8 });
  expect(shown).toHaveLength(8);
  expect(shown.at(-1)).toEqual({ skipped: 7 });
});
