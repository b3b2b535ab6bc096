// What the pods of a node ask for together, and how much of the node that is. Pure.
import type { Row } from "../../live/protocol";

export interface Asked {
  pods: number;
  cpu: number; // cores
  mem: number; // bytes
}

const is_over = (row: Row): boolean => ["Succeeded", "Failed"].includes(row.x?.phase);

// By the name of the node. Pods that are over hold nothing any more; they are counted while they are there.
export function asked_by_node(pods: Iterable<Row>): Map<string, Asked> {
  const out = new Map<string, Asked>();
  for (const row of pods) {
    const node = row.x?.node as string | undefined;
    if (!node) continue;
    const sum = out.get(node) ?? { pods: 0, cpu: 0, mem: 0 };
    sum.pods++;
    if (!is_over(row)) {
      sum.cpu += (row.x?.cpu ?? 0) / 1000;
      sum.mem += row.x?.mem ?? 0;
    }
    out.set(node, sum);
  }
  return out;
}

// When samples were taken whose last one is of now, every `step` seconds.
export const sample_times = (count: number, now: number, step = 2): number[] =>
  Array.from({ length: count }, (_, i) => now - (count - 1 - i) * step);
