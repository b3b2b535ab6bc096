// The difference of two texts by lines: Myers' O(ND) ("An O(ND) Difference Algorithm and Its Variations", 1986), on what
// is left between the equal beginning and the equal end. Pure.

export interface DiffLine {
  op: " " | "+" | "-";
  text: string;
  a?: number; // its number in the first text, from 1
  b?: number; // in the second
}

const STEPS_MAX = 1000; // differences beyond which the middle is told as replaced whole: bounds time and memory

export const split_lines = (text: string): string[] => {
  const lines = text.split("\n");
  if (lines[lines.length - 1] === "") lines.pop();
  return lines;
};

export function diff_lines(before: string, after: string): DiffLine[] {
  const a = split_lines(before);
  const b = split_lines(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const middle = script(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return numbered([...a.slice(0, start).map(same), ...middle, ...a.slice(a.length - end).map(same)]);
}

const same = (text: string): DiffLine => ({ op: " ", text });
const gone = (text: string): DiffLine => ({ op: "-", text });
const come = (text: string): DiffLine => ({ op: "+", text });

function numbered(lines: DiffLine[]): DiffLine[] {
  let a = 0;
  let b = 0;
  return lines.map((line) => ({
    ...line,
    a: line.op === "+" ? undefined : ++a,
    b: line.op === "-" ? undefined : ++b,
  }));
}

function script(a: string[], b: string[]): DiffLine[] {
  if (!a.length || !b.length) return [...a.map(gone), ...b.map(come)];
  const trace = search(a, b);
  return trace ? backtrack(a, b, trace) : [...a.map(gone), ...b.map(come)];
}

// The furthest x on each diagonal k = x - y, for every number of differences; null: more than STEPS_MAX.
function search(a: string[], b: string[]): Map<number, number>[] | null {
  const trace: Map<number, number>[] = [];
  let furthest = new Map<number, number>([[1, 0]]);
  for (let d = 0; d <= Math.min(a.length + b.length, STEPS_MAX); d++) {
    trace.push(furthest);
    const next = new Map<number, number>();
    for (let k = -d; k <= d; k += 2) {
      let x = step(furthest, k, d);
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      next.set(k, x);
      if (x >= a.length && x - k >= b.length) return trace;
    }
    furthest = next;
  }
  return null;
}

const at = (furthest: Map<number, number>, k: number): number => furthest.get(k) ?? -1;

function step(furthest: Map<number, number>, k: number, d: number): number {
  if (d === 0) return 0;
  const down = k === -d || (k !== d && at(furthest, k - 1) < at(furthest, k + 1));
  return down ? at(furthest, k + 1) : at(furthest, k - 1) + 1;
}

function backtrack(a: string[], b: string[], trace: Map<number, number>[]): DiffLine[] {
  const out: DiffLine[] = [];
  let x = a.length;
  let y = b.length;
  for (let d = trace.length - 1; d >= 0; d--) {
    const furthest = trace[d]!;
    const k = x - y;
    const down = d > 0 && (k === -d || (k !== d && at(furthest, k - 1) < at(furthest, k + 1)));
    const before_k = down ? k + 1 : k - 1;
    const before_x = d === 0 ? 0 : at(furthest, before_k);
    const before_y = d === 0 ? 0 : before_x - before_k;
    while (x > before_x && y > before_y) {
      out.push(same(a[--x]!));
      y--;
    }
    if (d === 0) break;
    if (down) out.push(come(b[--y]!));
    else out.push(gone(a[--x]!));
  }
  return out.reverse();
}

export interface Fold {
  skipped: number; // equal lines that are not shown
}

// With `context` equal lines around each change; the others are folded.
export function hunks(lines: DiffLine[], context = 3): (DiffLine | Fold)[] {
  const near = new Uint8Array(lines.length);
  lines.forEach((line, i) => {
    if (line.op !== " ") near.fill(1, Math.max(0, i - context), i + context + 1);
  });
  const out: (DiffLine | Fold)[] = [];
  let skipped = 0;
  lines.forEach((line, i) => {
    if (!near[i]) return void skipped++;
    if (skipped) out.push({ skipped });
    skipped = 0;
    out.push(line);
  });
  if (skipped) out.push({ skipped });
  return out;
}

export const count_changes = (lines: DiffLine[]): { added: number; removed: number } => ({
  added: lines.filter((line) => line.op === "+").length,
  removed: lines.filter((line) => line.op === "-").length,
});
