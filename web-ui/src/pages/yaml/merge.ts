// Three texts: one that two others began with. What `mine` changed is done to `theirs`, line by line. Where both changed
// the same lines differently, mine stays, and what is lost of theirs is counted. Pure.
import { diff_lines, split_lines, type DiffLine } from "../../ui/diff/lines";

export interface Merged {
  text: string;
  conflicts: number; // lines of theirs that gave way
}

// A run of base lines [from, to) that a side replaced.
interface Edit {
  from: number;
  to: number;
  lines: string[];
}

export function edits_of(lines: DiffLine[]): Edit[] {
  const out: Edit[] = [];
  let at = 0;
  let open: Edit | null = null;
  for (const line of lines) {
    if (line.op === " ") {
      open = null;
      at++;
      continue;
    }
    if (!open) out.push((open = { from: at, to: at, lines: [] }));
    if (line.op === "-") open.to = ++at;
    else open.lines.push(line.text);
  }
  return out.flatMap(line_by_line);
}

// As many lines as there were before are taken for the same ones: each is somebody's, its neighbours need not be.
function line_by_line(edit: Edit): Edit[] {
  if (edit.to - edit.from !== edit.lines.length) return [edit];
  return edit.lines.map((line, i) => ({ from: edit.from + i, to: edit.from + i + 1, lines: [line] }));
}

const same = (a: Edit, b: Edit): boolean =>
  a.from === b.from && a.to === b.to && a.lines.join("\n") === b.lines.join("\n");
// Two insertions at one place, or one at the edge of what the other replaced, have no order: they overlap too.
function overlap(a: Edit, b: Edit): boolean {
  if (a.from === a.to || b.from === b.to) return a.from <= b.to && b.from <= a.to;
  return a.from < b.to && b.from < a.to;
}

export function merge(base: string, mine: string, theirs: string): Merged {
  const ours = edits_of(diff_lines(base, mine));
  const others = edits_of(diff_lines(base, theirs));
  let conflicts = 0;
  const kept = others.filter((other) => {
    const hits = ours.filter((one) => overlap(one, other));
    if (hits.some((hit) => !same(hit, other))) conflicts += Math.max(other.to - other.from, other.lines.length);
    return hits.length === 0;
  });
  const lines = split_lines(base);
  const all = [...ours, ...kept].sort((a, b) => b.from - a.from || b.to - a.to);
  for (const edit of all) lines.splice(edit.from, edit.to - edit.from, ...edit.lines);
  return { text: lines.map((line) => line + "\n").join(""), conflicts };
}
