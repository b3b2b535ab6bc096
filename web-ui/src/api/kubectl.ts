// The kubectl command that does the same, for "copy as kubectl". Pure; every word is quoted for a POSIX shell.
import { one_of, type Target } from "./target";

const PLAIN = /^[\w@%+=:,./-]+$/;
export const quote = (word: string): string => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

// A command of words that may be anything: kubectl("get", "pods", "-n", ns).
export const kubectl = (...parts: (string | false | undefined)[]): string =>
  ["kubectl", ...parts.filter((part): part is string => !!part).map(quote)].join(" ");

const at = (ns?: string): string[] => (ns ? ["-n", ns] : []);
const ref = (o: Target): string => `${one_of(o.kind)}/${o.name}`;

export interface RemoveOptions {
  grace?: number; // seconds; absent: what the object says
  force?: boolean; // at once, without waiting for the node
}
export interface DrainOptions {
  force?: boolean; // also pods that nothing will start again
  empty_dir?: boolean; // also pods whose emptyDir volumes are lost by it
  grace?: number;
}

export const kubectl_of_scale = (o: Target, replicas: number): string =>
  kubectl("scale", ref(o), ...at(o.ns), `--replicas=${replicas}`);
export const kubectl_of_restart = (o: Target): string => kubectl("rollout", "restart", ref(o), ...at(o.ns));
export const kubectl_of_undo = (o: Target, revision?: number): string =>
  kubectl("rollout", "undo", ref(o), ...at(o.ns), revision !== undefined && `--to-revision=${revision}`);
export const kubectl_of_pause = (o: Target): string => kubectl("rollout", "pause", ref(o), ...at(o.ns));
export const kubectl_of_resume = (o: Target): string => kubectl("rollout", "resume", ref(o), ...at(o.ns));
export const kubectl_of_remove = (o: Target, options: RemoveOptions = {}): string =>
  kubectl(
    "delete",
    one_of(o.kind),
    o.name,
    ...at(o.ns),
    ...(options.force
      ? ["--force", "--grace-period=0"]
      : options.grace !== undefined
        ? [`--grace-period=${options.grace}`]
        : []),
  );
export const kubectl_of_cordon = (node: string, on: boolean): string => kubectl(on ? "cordon" : "uncordon", node);
export const kubectl_of_drain = (node: string, options: DrainOptions = {}): string =>
  kubectl(
    "drain",
    node,
    "--ignore-daemonsets",
    options.empty_dir && "--delete-emptydir-data",
    options.force && "--force",
    options.grace !== undefined && `--grace-period=${options.grace}`,
  );

// kubectl has no verb for one eviction: the API is spoken to directly.
export const eviction_of = (ns: string, name: string, grace?: number) => ({
  apiVersion: "policy/v1",
  kind: "Eviction",
  metadata: { name, namespace: ns },
  ...(grace === undefined ? {} : { deleteOptions: { gracePeriodSeconds: grace } }),
});
export const kubectl_of_evict = (o: Target): string =>
  `printf %s ${quote(JSON.stringify(eviction_of(o.ns ?? "", o.name)))} | ` +
  kubectl("create", "--raw", `/api/v1/namespaces/${o.ns}/pods/${o.name}/eviction`, "-f", "-");

export const kubectl_of_create = (ns: string): string => kubectl("create", ...at(ns), "-f", "-");
export const kubectl_of_list = (kind: string, ns?: string): string => kubectl("get", kind, ...at(ns));
export const kubectl_of_yaml = (o: Target): string => kubectl("get", one_of(o.kind), o.name, ...at(o.ns), "-o", "yaml");
export const kubectl_of_edit = (o: Target): string => kubectl("edit", one_of(o.kind), o.name, ...at(o.ns));

export interface LogChoice {
  container?: string;
  previous?: boolean;
  since?: string; // "10m"
  timestamps?: boolean;
  all?: boolean; // every container
  follow?: boolean;
}
export const kubectl_of_logs = (o: Target, choice: LogChoice = {}): string =>
  kubectl(
    "logs",
    o.kind === "pods" ? o.name : ref(o),
    ...at(o.ns),
    ...(choice.container ? ["-c", choice.container] : choice.all ? ["--all-containers"] : []),
    o.kind !== "pods" && "--all-pods",
    choice.previous && "--previous",
    choice.since && `--since=${choice.since}`,
    choice.timestamps && "--timestamps",
    choice.follow && !choice.previous && "-f",
  );
export const kubectl_of_exec = (ns: string, pod: string, container: string | undefined, command: string[]): string =>
  kubectl("exec", "-it", pod, ...at(ns), ...(container ? ["-c", container] : []), "--", ...command);
