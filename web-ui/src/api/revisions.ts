// The history of a Deployment: its ReplicaSets, newest first, and the way back to one of them.
import { path_of, request } from "./request";
import { path_of_target, type Target } from "./target";

const REVISION = "deployment.kubernetes.io/revision";
// An undo brings back the annotations of the revision, but for these, as kubectl.
const OF_THE_DEPLOYMENT = [
  REVISION,
  "deployment.kubernetes.io/revision-history",
  "deployment.kubernetes.io/desired-replicas",
  "deployment.kubernetes.io/max-replicas",
  "deprecated.deployment.rollback.to",
  "kubectl.kubernetes.io/last-applied-configuration",
];
const HASH_LABEL = "pod-template-hash";

export interface Revision {
  number: number;
  name: string; // of the ReplicaSet
  created: string; // RFC 3339
  replicas: number; // that run now
  images: string[];
  cause?: string; // kubernetes.io/change-cause
  annotations: Record<string, string>; // of the ReplicaSet
  template: any; // of its pods, as the Deployment had it: without pod-template-hash
  current: boolean; // the Deployment's own
}

// `sets`: the items of a list of ReplicaSets. Pure.
export function revisions_in(deployment: any, sets: any[]): Revision[] {
  const uid = deployment.metadata?.uid;
  const at = Number(deployment.metadata?.annotations?.[REVISION] ?? NaN);
  return sets
    .filter((set) => (set.metadata?.ownerReferences ?? []).some((owner: any) => owner.controller && owner.uid === uid))
    .map((set): Revision => {
      const number = Number(set.metadata.annotations?.[REVISION] ?? 0);
      return {
        number,
        name: set.metadata.name,
        created: set.metadata.creationTimestamp ?? "",
        replicas: set.status?.replicas ?? 0,
        images: (set.spec?.template?.spec?.containers ?? []).map((container: any) => String(container.image ?? "")),
        cause: set.metadata.annotations?.["kubernetes.io/change-cause"],
        annotations: set.metadata.annotations ?? {},
        template: without_hash(set.spec?.template ?? {}),
        current: number === at,
      };
    })
    .sort((a, b) => b.number - a.number);
}

export function without_hash(template: any): any {
  const { [HASH_LABEL]: _hash, ...labels } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels } };
}

// What an undo does. Pure.
export function undo_patch(deployment: any, to: Revision): object[] {
  const its_own = Object.entries<string>(deployment.metadata?.annotations ?? {}).filter(([key]) => is_its_own(key));
  const earlier = Object.entries(to.annotations).filter(([key]) => !is_its_own(key));
  return [
    { op: "replace", path: "/spec/template", value: to.template },
    { op: "add", path: "/metadata/annotations", value: Object.fromEntries([...its_own, ...earlier]) },
  ];
}
const is_its_own = (key: string): boolean => OF_THE_DEPLOYMENT.includes(key);

// The newest one that is not what runs now: what undo without a number goes back to.
export const previous_of = (revisions: Revision[]): Revision | undefined => revisions.find((one) => !one.current);

export async function revisions_of(o: Target): Promise<{ deployment: any; revisions: Revision[] }> {
  const deployment = await request("GET", path_of_target(o));
  const selector = Object.entries(deployment.spec?.selector?.matchLabels ?? {}).map(
    ([key, value]) => `${key}=${value}`,
  );
  const sets = await request("GET", path_of({ group: "apps", kind: "replicasets", ns: o.ns }), {
    query: { labelSelector: selector.join(",") },
  });
  return { deployment, revisions: revisions_in(deployment, sets.items ?? []) };
}

// As `kubectl rollout undo [--to-revision=N]`. Refused on a paused Deployment, where it would not be seen.
export async function undo(o: Target, revision?: number): Promise<Revision> {
  const { deployment, revisions } = await revisions_of(o);
  if (deployment.spec?.paused) throw new Error("The deployment is paused: resume it first.");
  const to = revision === undefined ? previous_of(revisions) : revisions.find((one) => one.number === revision);
  if (!to) throw new Error(revision === undefined ? "There is no earlier revision." : `Revision ${revision} is gone.`);
  await request("PATCH", path_of_target(o), {
    type: "application/json-patch+json",
    body: undo_patch(deployment, to),
  });
  return to;
}
