import { afterEach, expect, it, vi } from "vitest";
import { drain, plan_drain, type DrainPod } from "./drain";

const pod = (name: string, more: any = {}) => ({
  metadata: { namespace: "default", name, uid: `u-${name}`, ...more.metadata },
  spec: more.spec ?? {},
  status: more.status ?? { phase: "Running" },
});
const owned_by = (kind: string) => ({ metadata: { ownerReferences: [{ kind, controller: true, uid: "o" }] } });
const states = (pods: DrainPod[]) => Object.fromEntries(pods.map((one) => [one.name, one.state]));

const PODS = [
  pod("replica", owned_by("ReplicaSet")),
  pod("daemon", owned_by("DaemonSet")),
  pod("static", { metadata: { annotations: { "kubernetes.io/config.mirror": "x" } } }),
  pod("bare"),
  pod("finished", { status: { phase: "Succeeded" } }),
  pod("scratch", { ...owned_by("ReplicaSet"), spec: { volumes: [{ name: "v", emptyDir: {} }] } }),
];

it("a drain leaves what belongs to the node, and asks about what would be lost", () => {
  expect(states(plan_drain(PODS))).toEqual({
    replica: "waiting",
    daemon: "left",
    static: "left",
    bare: "refused",
    finished: "waiting",
    scratch: "refused",
  });
});

it("a drain that was told so takes bare pods and emptyDir volumes too", () => {
  const told = states(plan_drain(PODS, { force: true, empty_dir: true }));
  expect(told).toMatchObject({ bare: "waiting", scratch: "waiting", daemon: "left", static: "left" });
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

// A server with one node: evictions of "guarded" get 429 once.
function serve(pods: any[]) {
  const calls: string[] = [];
  let there = pods;
  let refusals = 1;
  vi.stubGlobal("fetch", async (path: string, init: { method: string }) => {
    calls.push(`${init.method} ${path}`);
    const name = /pods\/(.*)\/eviction/.exec(path)?.[1];
    if (name === "guarded" && refusals-- > 0)
      return new Response(JSON.stringify({ message: "would violate the budget" }), { status: 429 });
    if (name) there = there.filter((one) => one.metadata.name !== name);
    return new Response(JSON.stringify({ items: there }));
  });
  return calls;
}

it("a drain cordons, evicts, asks again after a 429, and ends when the pods are gone", async () => {
  vi.useFakeTimers();
  const calls = serve([pod("a", owned_by("ReplicaSet")), pod("guarded", owned_by("ReplicaSet")), PODS[1]]);
  const seen: string[] = [];
  const end = drain("n1", {
    progress: (pods) => seen.push(pods.map((one) => one.state).join(" ")),
  });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(states(await end)).toEqual({ a: "gone", guarded: "gone", daemon: "left" });
  expect(calls[0]).toBe("PATCH /api/v1/nodes/n1");
  expect(calls.filter((call) => call.includes("guarded/eviction"))).toHaveLength(2);
  expect(calls.some((call) => call.includes("daemon/eviction"))).toBe(false);
  expect(seen.some((text) => text.includes("blocked"))).toBe(true);
});

it("a drain that is cancelled asks for no more evictions", async () => {
  vi.useFakeTimers();
  const calls = serve([pod("guarded", owned_by("ReplicaSet"))]);
  const cancel = new AbortController();
  const end = drain("n1", { progress: () => undefined, signal: cancel.signal });
  const failure = expect(end).rejects.toThrow("cancelled");
  await vi.advanceTimersByTimeAsync(100);
  cancel.abort(new Error("cancelled"));
  await failure;
  const before = calls.length;
  await vi.advanceTimersByTimeAsync(20_000);
  expect(calls.length).toBe(before);
});

// Answers of the server as it goes away: `bad` decides which call gets which code, 0 for no answer at all.
function serve_badly(bad: (call: string) => number | undefined) {
  let there = [pod("a", owned_by("ReplicaSet")), pod("b", owned_by("ReplicaSet"))];
  const calls: string[] = [];
  vi.stubGlobal("fetch", async (path: string, init: { method: string }) => {
    const call = `${init.method} ${path}`;
    calls.push(call);
    const code = bad(call);
    if (code === 0) throw new TypeError("Failed to fetch");
    if (code) return new Response(JSON.stringify({ message: "no" }), { status: code });
    const name = /pods\/(.*)\/eviction/.exec(path)?.[1];
    if (name) there = there.filter((one) => one.metadata.name !== name);
    return new Response(JSON.stringify({ items: there }));
  });
  return calls;
}

it("a drain goes on when the server was away, for lists and evictions", async () => {
  vi.useFakeTimers();
  let lists = 0;
  let evictions = 0;
  serve_badly((call) => {
    if (call.includes("/eviction")) return [0, 503][evictions++];
    return call.startsWith("GET") ? [undefined, 0, 500][lists++] : undefined;
  });
  const end = drain("n1", { progress: () => undefined });
  await vi.advanceTimersByTimeAsync(30_000);
  expect(states(await end)).toEqual({ a: "gone", b: "gone" });
});

it("a drain whose list is refused asks for no more evictions", async () => {
  vi.useFakeTimers();
  let lists = 0;
  const calls = serve_badly((call) => {
    if (call.includes("/eviction")) return 429;
    return call.startsWith("GET") && lists++ > 0 ? 403 : undefined;
  });
  const failure = expect(drain("n1", { progress: () => undefined })).rejects.toThrow("no");
  await vi.advanceTimersByTimeAsync(2000);
  await failure;
  const before = calls.length;
  await vi.advanceTimersByTimeAsync(30_000);
  expect(calls.length).toBe(before);
});
