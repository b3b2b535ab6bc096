import { describe, expect, it } from "vitest";
import type { EventFacts } from "./cells";
import type { Container, ContainerStatus, Pod } from "./types";
import { scheduler_reasons, why_of } from "./why";

const NOW = Date.parse("2026-11-21T12:00:00Z") / 1000;
const ago = (seconds: number) => new Date((NOW - seconds) * 1000).toISOString();

function pod(
  status: ContainerStatus | null,
  container: Partial<Container> = {},
  more: Partial<Pod["status"]> = {},
): Pod {
  return {
    metadata: { name: "web-1", namespace: "shop", uid: "u1", creationTimestamp: ago(900) },
    spec: { nodeName: "n1", containers: [{ name: "web", image: "shop/web:2", ...container }] },
    status: { phase: "Running", containerStatuses: status ? [status] : [], ...more },
  };
}

const event = (reason: string, message: string, more: Partial<EventFacts> = {}): EventFacts => ({
  id: reason,
  type: "Warning",
  reason,
  message,
  source: "kubelet",
  part: "spec.containers{web}",
  count: 1,
  t: NOW - 20,
  kind: "Pod",
  ns: "shop",
  name: "web-1",
  ...more,
});

const crashed = (end: object): ContainerStatus => ({
  name: "web",
  ready: false,
  restartCount: 4,
  state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s" } },
  lastState: { terminated: { startedAt: ago(35), finishedAt: ago(30), reason: "Error", ...end } },
});

describe("why", () => {
  it("says nothing about a pod that is well", () => {
    const status = { name: "web", ready: true, restartCount: 0, state: { running: { startedAt: ago(800) } } };
    expect(why_of(pod(status), [], NOW)).toBeNull();
  });

  it("tells a crash with its code and leads to the logs before it", () => {
    const why = why_of(pod(crashed({ exitCode: 3 })), [], NOW)!;
    expect(why.sentence).toBe("Container web ended with exit code 3, again and again: 4 restarts so far.");
    expect(why.next.logs).toEqual({ container: "web", previous: true });
    expect(why.facts[0]!.text).toBe("exit code 3, after 5 s");
    expect(why.next.command).toBe("kubectl logs web-1 -n shop -c web --previous");
  });

  it.each([
    [{ exitCode: 139 }, "SIGSEGV: it crashed"],
    [{ exitCode: 127 }, "its command was not found"],
    [{ exitCode: 137 }, "killed by SIGKILL"],
  ])("explains %o", (end, words) => {
    expect(why_of(pod(crashed(end)), [], NOW)!.sentence).toContain(words);
  });

  it("names the memory limit of a container that was killed for its memory", () => {
    const status = crashed({ exitCode: 137, reason: "OOMKilled" });
    const why = why_of(pod(status, { resources: { limits: { memory: "64Mi" } } }), [], NOW)!;
    expect(why.sentence).toContain("it used more memory than its limit of 64Mi");
    expect(why.next.page).toBe("yaml");
  });

  it("blames the liveness probe only when it failed shortly before the end", () => {
    const probe = { livenessProbe: { httpGet: { port: 8080, path: "/healthz" } } };
    const failed = event("Unhealthy", "Liveness probe failed: 500", { t: NOW - 40, count: 3 });
    const told = why_of(pod(crashed({ exitCode: 137 }), probe), [failed], NOW)!;
    expect(told.sentence).toContain("liveness probe failed");
    expect(told.facts.map((fact) => fact.text)).toContain("GET http://:8080/healthz");
    const old = why_of(pod(crashed({ exitCode: 137 }), probe), [{ ...failed, t: NOW - 600 }], NOW)!;
    expect(old.sentence).toContain("SIGKILL");
  });

  it("repeats the scheduler's reason and says what helps", () => {
    const message =
      "0/3 nodes are available: 1 node(s) had untolerated taint {a: b}, 2 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found.";
    const one = pod(null, {}, { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", message }] });
    delete one.spec!.nodeName;
    const why = why_of(one, [], NOW)!;
    expect(why.sentence).toBe("No node takes it: 1 node(s) had untolerated taint {a: b}, 2 Insufficient cpu.");
    expect(why.next.text).toContain("Lower what it requests");
    expect(scheduler_reasons("no nodes available to schedule pods")).toBe("no nodes available to schedule pods");
  });

  it.each([
    ["pull access denied: 401", "the registry wants a login"],
    ["GET manifests/9: 404: not found", "the registry does not have it"],
    ["dial tcp: timeout", "cannot be pulled."],
  ])("tells why an image is not there: %s", (message, words) => {
    const status = { name: "web", state: { waiting: { reason: "ImagePullBackOff", message } } };
    const why = why_of(pod(status, {}, { phase: "Pending" }), [], NOW)!;
    expect(why.sentence).toContain("Image shop/web:2");
    expect(why.sentence).toContain(words);
  });

  it("names the config map that is missing and how to make it", () => {
    const status = {
      name: "web",
      state: { waiting: { reason: "CreateContainerConfigError", message: 'configmap "settings" not found' } },
    };
    const why = why_of(pod(status, {}, { phase: "Pending" }), [], NOW)!;
    expect(why.sentence).toBe("Container web waits for configmap settings, which is not there.");
    expect(why.next.command).toBe("kubectl create configmap settings -n shop --from-literal=KEY=VALUE");
  });

  it("tells a failing readiness probe with the event", () => {
    const status = { name: "web", ready: false, started: true, state: { running: { startedAt: ago(90) } } };
    const probe = { readinessProbe: { tcpSocket: { port: "http" } } };
    const why = why_of(pod(status, probe), [event("Unhealthy", "Readiness probe failed: connection refused")], NOW)!;
    expect(why.severity).toBe(2);
    expect(why.sentence).toBe("Container web runs since 90 s, but its readiness probe fails.");
    expect(why.facts[1]!.text).toContain("connection refused");
    expect(why_of(pod(status, probe), [], NOW)!.severity).toBe(1);
  });

  it("mentions a restart that is young, and forgets it", () => {
    const status = (end: number): ContainerStatus => ({
      name: "web",
      ready: true,
      restartCount: 1,
      state: { running: { startedAt: ago(end) } },
      lastState: { terminated: { exitCode: 1, finishedAt: ago(end) } },
    });
    expect(why_of(pod(status(60)), [], NOW)).toMatchObject({ severity: 1 });
    expect(why_of(pod(status(3600)), [], NOW)).toBeNull();
  });

  it("tells what ended a container before it says that the next one is not ready yet", () => {
    const status: ContainerStatus = {
      name: "web",
      ready: false,
      restartCount: 19,
      state: { running: { startedAt: ago(21) } },
      lastState: { terminated: { exitCode: 1, finishedAt: ago(24) } },
    };
    const probe = { readinessProbe: { tcpSocket: { port: 80 } } };
    const told = why_of(pod(status, probe), [event("Unhealthy", "Readiness probe failed", { t: NOW - 60 })], NOW)!;
    expect(told.sentence).toBe(
      "Container web runs again since 21 s; before, it ended with exit code 1: 19 restarts so far.",
    );
    expect(told.severity).toBe(2);
    const failing = why_of(pod(status, probe), [event("Unhealthy", "Readiness probe failed", { t: NOW - 5 })], NOW)!;
    expect(failing.sentence).toContain("readiness probe fails");
  });

  it("tells an init container before those that wait for it", () => {
    const one = pod({ name: "web", state: { waiting: { reason: "PodInitializing" } } }, {}, { phase: "Pending" });
    one.spec!.initContainers = [{ name: "migrate" }];
    one.status!.initContainerStatuses = [{ ...crashed({ exitCode: 2 }), name: "migrate" }];
    expect(why_of(one, [], NOW)!.sentence).toContain("Init container migrate ended with exit code 2");
  });

  it("takes the last warning when nothing has started", () => {
    const one = pod(null, {}, { phase: "Pending" });
    const why = why_of(one, [event("FailedCreatePodSandBox", "no address left", { part: "" })], NOW)!;
    expect(why.sentence).toBe("Not started yet: FailedCreatePodSandBox.");
    expect(why.facts[0]!.text).toBe("no address left");
  });

  it("tells what holds up a delete", () => {
    const one = pod(null);
    one.metadata.deletionTimestamp = ago(10);
    one.metadata.finalizers = ["example.com/keep"];
    expect(why_of(one, [], NOW)!.sentence).toBe("Being deleted, and waits for example.com/keep.");
    one.metadata.deletionTimestamp = ago(-20);
    one.status!.phase = "Running";
    expect(why_of(one, [], NOW)).toBeNull();
  });

  it("tells an eviction", () => {
    const why = why_of(pod(null, {}, { phase: "Failed", reason: "Evicted", message: "low on memory" }), [], NOW)!;
    expect(why.sentence).toContain("Evicted");
    expect(why.facts[0]!.text).toBe("low on memory");
  });
});
