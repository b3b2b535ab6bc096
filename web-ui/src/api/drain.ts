// Empties a node as `kubectl drain --ignore-daemonsets` does: no new pods, then each pod is evicted, asked again while a
// disruption budget says "not now" or the server is away, and waited for until it is gone. plan_drain() is pure and decides; drain() does.
import type { DrainOptions } from "./kubectl";
import { path_of, request, StatusError } from "./request";
import { cordon, evict } from "./verbs";

const RETRY_MS = 5000; // after a 429, as kubectl, and when the server does not answer
const LOOK_MS = 1000; // how often the node's pods are listed while they end

export type DrainState = "waiting" | "asked" | "blocked" | "ending" | "gone" | "failed" | "left" | "refused";
export interface DrainPod {
  ns: string;
  name: string;
  uid: string;
  state: DrainState;
  why?: string; // of blocked, failed, left and refused: in a sentence
}
export interface DrainRun extends DrainOptions {
  progress: (pods: DrainPod[]) => void;
  signal?: AbortSignal; // cancels: what was asked for still happens, the node stays cordoned
}

const controller = (pod: any) => (pod.metadata?.ownerReferences ?? []).find((owner: any) => owner.controller);
const has_empty_dir = (pod: any) => (pod.spec?.volumes ?? []).some((volume: any) => volume.emptyDir);
const is_over = (pod: any) => ["Succeeded", "Failed"].includes(pod.status?.phase);

function fate_of(pod: any, options: DrainOptions): [DrainState, string?] {
  if (pod.metadata?.annotations?.["kubernetes.io/config.mirror"]) return ["left", "A static pod of the node itself."];
  if (is_over(pod)) return ["waiting"];
  if (controller(pod)?.kind === "DaemonSet") return ["left", "A daemon set keeps one on every node."];
  if (!controller(pod) && !options.force) return ["refused", "Nothing would start it again elsewhere."];
  if (has_empty_dir(pod) && !options.empty_dir) return ["refused", "What is in its emptyDir volumes would be lost."];
  return ["waiting"];
}

// What will happen to each pod of the node. A drain with a "refused" pod does not begin.
export function plan_drain(pods: any[], options: DrainOptions = {}): DrainPod[] {
  return pods
    .map((pod): DrainPod => {
      const [state, why] = fate_of(pod, options);
      return { ns: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid, state, why };
    })
    .sort((a, b) => `${a.ns}/${a.name}`.localeCompare(`${b.ns}/${b.name}`));
}

export async function pods_of_node(node: string, signal?: AbortSignal): Promise<any[]> {
  const query = { fieldSelector: `spec.nodeName=${node}` };
  return (await request("GET", path_of({ kind: "pods" }), { query, signal })).items ?? [];
}

// Ends when every pod that was to go is gone; rejects with the server's error of the cordon or the list, or on cancel.
export async function drain(node: string, run: DrainRun): Promise<DrainPod[]> {
  await cordon(node, true);
  const pods = plan_drain(await pods_of_node(node, run.signal), run);
  const show = () => run.progress(pods.map((pod) => ({ ...pod })));
  show();
  const refused = pods.filter((pod) => pod.state === "refused");
  if (refused.length) throw new Error(`${refused.length} of the pods must be decided about first.`);
  const work = new AbortController(); // what fails in one place ends all of it
  const stop = () => work.abort(run.signal!.reason);
  if (run.signal?.aborted) stop();
  run.signal?.addEventListener("abort", stop);
  const own: DrainRun = { ...run, signal: work.signal };
  const show_own = () => work.signal.aborted || show();
  try {
    await Promise.all([
      ...pods.map((pod) => evict_until_taken(pod, own, show_own)),
      wait_until_gone(node, pods, own, show_own),
    ]);
  } finally {
    run.signal?.removeEventListener("abort", stop);
    work.abort();
  }
  return pods;
}

const code_of = (error: unknown): number => (error instanceof StatusError ? error.status.code : 0); // 0: no answer
const passes = (code: number): boolean => code === 0 || code === 429 || code >= 500;

async function evict_until_taken(pod: DrainPod, run: DrainRun, show: () => void): Promise<void> {
  while (pod.state === "waiting" || pod.state === "blocked") {
    run.signal?.throwIfAborted();
    const blocked = await ask(pod, run.grace);
    show();
    if (blocked) await pass(RETRY_MS, run.signal);
  }
}

// Whether it must be asked again.
async function ask(pod: DrainPod, grace?: number): Promise<boolean> {
  pod.state = "asked";
  try {
    await evict({ kind: "pods", ns: pod.ns, name: pod.name }, grace);
    pod.state = "ending";
  } catch (error) {
    const code = code_of(error);
    pod.state = code === 404 ? "gone" : passes(code) ? "blocked" : "failed";
    pod.why = code === 404 ? undefined : (error as Error).message;
  }
  return (pod.state as DrainState) === "blocked";
}

const is_open = (pod: DrainPod) => ["waiting", "asked", "blocked", "ending"].includes(pod.state);

async function wait_until_gone(node: string, pods: DrainPod[], run: DrainRun, show: () => void): Promise<void> {
  while (pods.some(is_open)) {
    await pass(LOOK_MS, run.signal);
    const there = await uids_of_node(node, run.signal);
    if (!there) continue; // asked again
    for (const pod of pods) if (is_open(pod) && !there.has(pod.uid)) pod.state = "gone";
    show();
  }
}

// null: the server is away for the moment.
async function uids_of_node(node: string, signal?: AbortSignal): Promise<Set<string> | null> {
  try {
    return new Set((await pods_of_node(node, signal)).map((pod) => pod.metadata.uid));
  } catch (error) {
    if (signal?.aborted || !passes(code_of(error))) throw error;
    return null;
  }
}

function pass(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
