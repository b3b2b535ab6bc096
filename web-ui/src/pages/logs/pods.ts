// The pods whose logs are shown: the one that the URL names, or all of a workload, found by its owner chain (a
// Deployment owns ReplicaSets, these own pods). Live: pods that come later join, those that go stay with their lines.
import { signal, type Signal } from "@preact/signals";
import { KINDS } from "../../api/kinds";
import { acquire, type Collection } from "../../live/collection";
import type { Query, Row, Status } from "../../live/protocol";

export interface PodsState {
  rows: Row[];
  synced: boolean;
  error: Status | null;
}

interface Held {
  collection: Collection;
  stop: () => void;
}

export class PodSet {
  readonly state: Signal<PodsState> = signal({ rows: [], synced: false, error: null });
  private readonly held = new Map<string, Held>();

  constructor(
    private readonly kind: string,
    private readonly ns: string,
    name: string,
  ) {
    this.hold("root", { kind, group: KINDS[kind]?.group, ns, name });
  }

  end(): void {
    for (const one of this.held.values()) one.stop();
    this.held.clear();
  }

  private hold(key: string, query: Query): Collection {
    const known = this.held.get(key);
    if (known) return known.collection;
    const { collection, release } = acquire(query);
    const entry: Held = { collection, stop: () => undefined };
    this.held.set(key, entry);
    const unsubscribe = collection.version.subscribe(() => queueMicrotask(() => this.look()));
    entry.stop = () => {
      unsubscribe();
      release();
    };
    return collection;
  }

  private drop_others(wanted: Set<string>): void {
    for (const [key, one] of this.held) {
      if (wanted.has(key)) continue;
      one.stop();
      this.held.delete(key);
    }
  }

  private look(): void {
    const root = this.held.get("root");
    if (!root) return; // ended meanwhile
    const used = new Set(["root"]);
    const open = (kind: string, owner: Row): Collection => {
      const key = `${kind} ${owner.u}`;
      used.add(key);
      return this.hold(key, { kind, group: KINDS[kind]?.group, ns: this.ns, owner: owner.u });
    };
    const parts = this.pods_under(root.collection, open);
    this.drop_others(used);
    const rows = parts.flatMap((part) => [...part.rows.values()]);
    const all = [root.collection, ...parts];
    this.state.value = {
      rows: rows.sort((a, b) => a.t - b.t || a.n.localeCompare(b.n)),
      synced: all.every((part) => part.synced),
      error: all.find((part) => part.error)?.error ?? null,
    };
  }

  private pods_under(root: Collection, open: (kind: string, owner: Row) => Collection): Collection[] {
    if (this.kind === "pods") return [root];
    const owners = [...root.rows.values()];
    if (this.kind !== "deployments") return owners.map((owner) => open("pods", owner));
    const sets = owners.flatMap((owner) => [...open("replicasets", owner).rows.values()]);
    return sets.filter(has_pods).map((set) => open("pods", set));
  }
}

// A revision that was scaled to nothing has none, and needs no subscription.
const has_pods = (set: Row): boolean => set.x?.replicas !== 0 || !!set.x?.ready;
