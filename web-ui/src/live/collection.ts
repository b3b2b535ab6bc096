// Collections: the rows of one subscription, kept by uid. `version` counts what changed; who reads it is painted anew,
// once a frame of the screen at most. Shared between all users of an equal query, ended when the last one goes.
import { signal, type Signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Column, Query, Row, ServerFrame, Status, Usage } from "./protocol";
import { subscribe } from "./stream";

export class Collection {
  readonly rows = new Map<string, Row>();
  readonly version: Signal<number> = signal(0); // read it (.value) in what shows rows
  readonly changed = new Map<string, number>(); // uid -> performance.now() of its last change: for the flash
  columns: Column[] = [];
  synced = false;
  total = 0;
  problems = 0;
  error: Status | null = null;

  apply(frame: ServerFrame): void {
    if (frame.reset) {
      this.rows.clear();
      this.synced = false;
      this.error = null;
    }
    if (frame.columns) this.columns = frame.columns;
    for (const row of frame.rows ?? []) this.rows.set(row.u, row);
    for (const uid of frame.del ?? []) {
      this.rows.delete(uid);
      this.changed.delete(uid);
    }
    const now = performance.now();
    for (const row of frame.up ?? []) {
      this.rows.set(row.u, row);
      this.changed.set(row.u, now);
    }
    if (frame.synced) this.synced = true;
    if (frame.total !== undefined) this.total = frame.total;
    if (frame.problems !== undefined) this.problems = frame.problems;
    if (frame.error) this.error = frame.error;
    this.touch();
  }

  private planned = false;
  private touch(): void {
    if (this.planned) return;
    this.planned = true;
    const paint = () => {
      this.planned = false;
      this.version.value++;
    };
    // A hidden tab has no frames: its data is kept up all the same.
    if (document.visibilityState === "hidden") setTimeout(paint, 0);
    else requestAnimationFrame(paint);
  }
}

interface Shared {
  collection: Collection;
  users: number;
  end: () => void;
}
const shared = new Map<string, Shared>();

export function acquire(query: Query): { collection: Collection; release: () => void } {
  const key = JSON.stringify(query, Object.keys(query).sort());
  let entry = shared.get(key);
  if (!entry) {
    const collection = new Collection();
    entry = { collection, users: 0, end: subscribe(query, (frame) => collection.apply(frame)) };
    shared.set(key, entry);
  }
  const mine = entry;
  mine.users++;
  return {
    collection: mine.collection,
    release: () => {
      if (--mine.users > 0) return;
      mine.end();
      shared.delete(key);
    },
  };
}

// The collection of this query while the component is there; null: no query.
export function useCollection(query: Query | null): Collection {
  const key = query ? JSON.stringify(query) : "";
  const [collection, set_collection] = useState<Collection>(EMPTY);
  useEffect(() => {
    if (!query) return set_collection(EMPTY);
    const { collection: mine, release } = acquire(query);
    set_collection(mine);
    return release;
  }, [key]);
  return collection;
}
const EMPTY = new Collection();

// CPU and memory of all nodes, or of the pods of one node; the last SAMPLES answers of each, by name (pods: "ns/name").
export const SAMPLES = 150; // 5 minutes
export interface Series {
  last: Usage;
  cpu: number[];
  mem: number[];
}
export function useUsage(what: "nodes" | "pods", node?: string): { version: Signal<number>; series: Map<string, Series> } {
  const [state] = useState(() => ({ version: signal(0), series: new Map<string, Series>() }));
  useEffect(
    () =>
      subscribe(node ? { usage: what, node } : { usage: what }, (frame) => {
        for (const usage of frame.usage ?? []) {
          const name = usage.ns ? `${usage.ns}/${usage.name}` : usage.name;
          const series = state.series.get(name) ?? { last: usage, cpu: [], mem: [] };
          series.last = usage;
          if (usage.cpu !== undefined) series.cpu = [...series.cpu.slice(1 - SAMPLES), usage.cpu];
          if (usage.mem !== undefined) series.mem = [...series.mem.slice(1 - SAMPLES), usage.mem];
          state.series.set(name, series);
        }
        state.version.value++;
      }),
    [what, node],
  );
  return state;
}
