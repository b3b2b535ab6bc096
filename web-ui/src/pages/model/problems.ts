// What is wrong in the cluster, worst first, and each trouble once: of the pods of one controller that suffer alike the
// youngest stands for all, and where their deployment suffers too, it is told with them.
import type { Row } from "../../live/protocol";

export interface Problem {
  kind: string; // the plural
  row: Row;
  pod?: Row; // whose logs tell more
  also: number; // more pods like this one
}

export interface Troubled {
  nodes: Iterable<Row>;
  namespaces: Iterable<Row>;
  deployments: Iterable<Row>;
  replicasets: Iterable<Row>; // all that are known, well or not: who owns them
  pods: Iterable<Row>;
}

const KIND_ORDER = ["nodes", "deployments", "pods", "replicasets", "namespaces"];

export function ranked(troubled: Troubled): Problem[] {
  const plain = (kind: string, rows: Iterable<Row>) =>
    [...rows].filter((row) => row.v).map((row): Problem => ({ kind, row, also: 0 }));
  const deployments = plain("deployments", troubled.deployments);
  const by_uid = new Map(deployments.map((one) => [one.row.u, one]));
  const sets = [...troubled.replicasets];
  const above = new Map(sets.flatMap((set) => (set.o ? [[set.u, set.o[2]] as const] : [])));
  const alone: Problem[] = [];
  for (const group of groups(troubled.pods)) {
    const deployment = by_uid.get(above.get(group.row.o?.[2] ?? "") ?? "");
    if (!deployment) alone.push(group);
    else if (!deployment.pod || (group.row.v ?? 0) > (deployment.pod.v ?? 0))
      Object.assign(deployment, { pod: group.row, also: group.also });
  }
  const orphans = sets.filter((set) => set.v && !by_uid.has(set.o?.[2] ?? ""));
  return [
    ...plain("nodes", troubled.nodes),
    ...deployments,
    ...alone,
    ...plain("replicasets", orphans),
    ...plain("namespaces", troubled.namespaces),
  ].sort(
    (a, b) =>
      (b.row.v ?? 0) - (a.row.v ?? 0) ||
      KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind) ||
      b.also - a.also ||
      b.row.t - a.row.t ||
      a.row.n.localeCompare(b.row.n),
  );
}

// Of one controller, with the same reason: one.
function groups(pods: Iterable<Row>): Problem[] {
  const found = new Map<string, Problem>();
  for (const row of pods) {
    if (!row.v) continue;
    const key = row.o ? `${row.o[2]} ${row.v} ${same(row)}` : row.u;
    const known = found.get(key);
    if (!known) found.set(key, { kind: "pods", row, pod: row, also: 0 });
    else {
      known.also++;
      if (row.t > known.row.t) known.row = known.pod = row;
    }
  }
  return [...found.values()];
}

// Two reasons are alike when they differ in numbers and the pod's own name alone.
const same = (row: Row) => (row.w ?? "").replaceAll(row.n, "").replace(/\d+/g, "#");

// "All is well", "2 problems", "30 problems with 11 causes": objects that suffer, and troubles told once.
export function verdict(objects: number, causes: number): string {
  if (objects === 0) return "All is well";
  const what = objects === 1 ? "1 problem" : `${objects} problems`;
  return causes >= objects ? what : `${what} with ${causes === 1 ? "one cause" : `${causes} causes`}`;
}

export const count_troubled = (lists: Iterable<Row>[]): number =>
  lists.reduce((sum, rows) => sum + [...rows].filter((row) => row.v).length, 0);

// The server's reason as a sentence of its own.
export function sentence(text: string | undefined): string {
  const trimmed = (text ?? "").trim();
  if (!trimmed) return "";
  return trimmed[0]!.toUpperCase() + trimmed.slice(1) + (/[.!?…]$/.test(trimmed) ? "" : ".");
}

// The end of this row's text says that a container ended before: there are logs of the one before.
export const has_previous = (pod: Row): boolean => (pod.x?.restarts ?? 0) > 0;
