// Whose pods and events a workload's page follows. A tab may have 32 subscriptions: those that matter most come first.
import type { Row } from "../../live/protocol";

const SETS_MAX = 6; // with pods at once: two while a rollout goes on, more when several were interrupted
const SUBJECTS_MAX = 16;

const revision = (set: Row): number => set.x?.revision ?? 0;
const newest_first = (a: Row, b: Row) => revision(b) - revision(a) || b.t - a.t;

// Uids of the replica sets that have pods or should have: the newest always.
export function sets_with_pods(sets: Row[]): string[] {
  const sorted = [...sets].sort(newest_first);
  const alive = sorted.filter(
    (set, index) => index === 0 || set.x?.replicas > 0 || set.x?.ready > 0 || has_current(set),
  );
  return alive.slice(0, SETS_MAX).map((set) => set.u);
}

// A set that was scaled down still has pods while they end: its cells say so ("Current").
const has_current = (set: Row): boolean => Number(set.c[2] ?? 0) > 0;

// Uids that events are about: the workload, its newest replica sets, then pods, those that are not well first.
export function events_about(uid: string, sets: Row[], pods: Row[]): string[] {
  const some_sets = [...sets].sort(newest_first).slice(0, 3);
  const some_pods = [...pods].sort((a, b) => (b.v ?? 0) - (a.v ?? 0) || b.t - a.t || a.n.localeCompare(b.n));
  return [uid, ...some_sets.map((set) => set.u), ...some_pods.map((pod) => pod.u)].slice(0, SUBJECTS_MAX);
}
