// What happened lately, newest first: rollouts, nodes that came, and warnings. Made of rows that the overview has anyway.
import type { Row } from "../../live/protocol";
import type { EventFacts } from "./cells";

export interface RecentChange {
  id: string;
  t: number;
  kind: string; // the plural of what it is about
  ns: string;
  name: string;
  text: string;
  warning: boolean;
}

const SHOWN = 6; // of warnings, and of what changed: neither hides the other

export function recent(sets: Iterable<Row>, nodes: Iterable<Row>, warnings: EventFacts[]): RecentChange[] {
  const rollouts = [...sets].map((set): RecentChange => {
    const deployment = set.o?.[0] === "Deployment" ? set.o[1] : "";
    const images = (set.x?.images ?? []).join(", ");
    return {
      id: set.u,
      t: set.t,
      kind: deployment ? "deployments" : "replicasets",
      ns: set.s ?? "",
      name: deployment || set.n,
      text: `revision ${set.x?.revision ?? 1} rolled out${images ? ` with ${images}` : ""}`,
      warning: false,
    };
  });
  const joined = [...nodes].map(
    (node): RecentChange => ({
      id: node.u,
      t: node.t,
      kind: "nodes",
      ns: "",
      name: node.n,
      text: "joined",
      warning: false,
    }),
  );
  const told = warnings.map(
    (event): RecentChange => ({
      id: event.id,
      t: event.t,
      kind: event.kind.toLowerCase() + "s",
      ns: event.ns,
      name: event.name,
      text: `${event.reason}: ${event.message}${event.count > 1 ? ` (${event.count} times)` : ""}`,
      warning: true,
    }),
  );
  const newest_first = (a: RecentChange, b: RecentChange) => b.t - a.t || a.id.localeCompare(b.id);
  const newest = (list: RecentChange[]) => list.sort(newest_first).slice(0, SHOWN);
  return [...newest([...rollouts, ...joined]), ...newest(told)].sort(newest_first);
}

// The last samples of several nodes, added up; they end at the same moment.
export function sum_series(series: number[][]): number[] {
  const length = Math.max(0, ...series.map((one) => one.length));
  return Array.from({ length }, (_, i) =>
    series.reduce((sum, one) => sum + (one[one.length - length + i] ?? one[0] ?? 0), 0),
  );
}
