// The plain verbs: one call each, as kubectl makes it. Errors are StatusError with the server's Status.
import { eviction_of, type RemoveOptions } from "./kubectl";
import { path_of, request } from "./request";
import { path_of_target, type Target } from "./target";

const MERGE = "application/merge-patch+json";
const merge = (o: Target, body: object, sub?: string) =>
  request("PATCH", path_of_target(o, sub), { body, type: MERGE });

export const scale = (o: Target, replicas: number): Promise<unknown> => merge(o, { spec: { replicas } }, "scale");

// As `kubectl rollout restart`: a new annotation of the template makes new pods, at the pace of the rollout.
export const restart = (o: Target, now: Date = new Date()): Promise<unknown> => merge(o, restart_patch(now));
export const restart_patch = (now: Date) => ({
  spec: {
    template: {
      metadata: {
        annotations: { "kubectl.kubernetes.io/restartedAt": now.toISOString().replace(/\.\d+Z$/, "Z") },
      },
    },
  },
});

export const pause = (o: Target): Promise<unknown> => merge(o, { spec: { paused: true } });
export const resume = (o: Target): Promise<unknown> => merge(o, { spec: { paused: null } });

export const remove = (o: Target, options: RemoveOptions = {}): Promise<unknown> =>
  request("DELETE", path_of_target(o), { body: delete_options(options) });
export function delete_options({ grace, force }: RemoveOptions) {
  const seconds = force ? 0 : grace === 0 ? 1 : grace; // as kubectl: at once is what is forced
  return {
    apiVersion: "v1",
    kind: "DeleteOptions",
    propagationPolicy: "Background",
    ...(seconds === undefined ? {} : { gracePeriodSeconds: seconds }),
  };
}

// Like a delete, but the server may say "not now" (429) for the sake of a disruption budget.
export const evict = (o: Target, grace?: number): Promise<unknown> =>
  request("POST", path_of({ kind: "pods", ns: o.ns, name: o.name, sub: "eviction" }), {
    body: eviction_of(o.ns ?? "", o.name, grace),
  });

export const cordon = (node: string, on: boolean): Promise<unknown> =>
  merge({ kind: "nodes", name: node }, { spec: { unschedulable: on || null } });
