// CPU and memory of all nodes, or of the pods of one node; the last SAMPLES answers of each, by name (pods: "ns/name").
import { signal, type Signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Usage } from "./protocol";
import { subscribe } from "./stream";

export const SAMPLES = 150; // 5 minutes

export interface Series {
  last: Usage;
  cpu: number[];
  mem: number[];
}

export interface UsageState {
  version: Signal<number>;
  series: Map<string, Series>;
}

export function apply_usage(series: Map<string, Series>, answers: Usage[]): void {
  const present = new Set<string>();
  for (const usage of answers) {
    const name = usage.ns ? `${usage.ns}/${usage.name}` : usage.name;
    present.add(name);
    const before = series.get(name) ?? { last: usage, cpu: [], mem: [] };
    series.set(name, {
      last: usage,
      cpu: usage.cpu === undefined ? before.cpu : [...before.cpu.slice(1 - SAMPLES), usage.cpu],
      mem: usage.mem === undefined ? before.mem : [...before.mem.slice(1 - SAMPLES), usage.mem],
    });
  }
  for (const name of series.keys()) if (!present.has(name)) series.delete(name); // it is gone
}

export function useUsage(what: "nodes" | "pods", node?: string): UsageState {
  const [state] = useState<UsageState>(() => ({ version: signal(0), series: new Map() }));
  useEffect(() => {
    state.series.clear();
    return subscribe(node ? { usage: what, node } : { usage: what }, (frame) => {
      if (!frame.usage) return;
      apply_usage(state.series, frame.usage);
      state.version.value++;
    });
  }, [what, node]);
  return state;
}
