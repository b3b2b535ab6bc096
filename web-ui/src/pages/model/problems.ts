// What is wrong in the cluster, worst first. A pod's trouble is told once: of the pods of one controller that suffer
// alike, the first stands for all.
import type { Row } from "../../live/protocol";

export interface Problem {
  kind: string; // the plural
  row: Row;
  also: number; // more of the same controller, with the same reason
}

const RANK: Record<string, number> = { nodes: 0, deployments: 1, replicasets: 2, pods: 1 };

export function ranked(rows: { kind: string; rows: Iterable<Row> }[]): Problem[] {
  const groups = new Map<string, Problem>();
  const out: Problem[] = [];
  for (const { kind, rows: list } of rows)
    for (const row of list) {
      const key = row.o ? `${kind} ${row.o[2]} ${row.v} ${same(row)}` : `${kind} ${row.u}`;
      const known = groups.get(key);
      if (known) {
        known.also++;
        if (row.t > known.row.t) known.row = row;
        continue;
      }
      const problem = { kind, row, also: 0 };
      groups.set(key, problem);
      out.push(problem);
    }
  return out.sort(
    (a, b) =>
      (b.row.v ?? 0) - (a.row.v ?? 0) ||
      (RANK[a.kind] ?? 3) - (RANK[b.kind] ?? 3) ||
      b.also - a.also ||
      b.row.t - a.row.t ||
      a.row.n.localeCompare(b.row.n),
  );
}

// Reasons of two pods are alike when they differ in numbers and the pod's own name alone.
const same = (row: Row) => (row.w ?? "").replaceAll(row.n, "").replace(/\d+/g, "#");

// "All is well.", "2 problems: 1 broken, 1 to be looked at."
export function verdict(broken: number, doubtful: number): string {
  const all = broken + doubtful;
  if (all === 0) return "All is well.";
  const parts = [broken && `${broken} broken`, doubtful && `${doubtful} to be looked at`].filter(Boolean);
  return `${all} problem${all === 1 ? "" : "s"}: ${parts.join(", ")}.`;
}
