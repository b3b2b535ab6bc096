import { describe, expect, it } from "vitest";
import type { Row } from "../../live/protocol";
import { condition_severity } from "./condition";
import { containers_of, ports_text, resources_text, state_text } from "./container";
import { toggle_word } from "./event_groups";
import { owner_of } from "./owner";
import { rollout_word, short_image } from "./rollout";
import { decode_value } from "./secret";
import { strategy_text } from "./strategy";
import { events_about, sets_with_pods } from "./subjects";

const row = (n: string, more: Partial<Row> = {}): Row => ({ u: n, n, s: "a", t: 1, c: [], ...more });

describe("conditions", () => {
  it.each([
    ["Ready", "True", 0],
    ["Ready", "False", 2],
    ["Ready", "Unknown", 1],
    ["MemoryPressure", "False", 0],
    ["MemoryPressure", "True", 2],
    ["NetworkUnavailable", "True", 2],
    ["ReplicaFailure", "True", 2],
  ])("%s that is %s counts %d", (type, status, severity) => {
    expect(condition_severity({ type, status })).toBe(severity);
  });
  it("of a pod that has done its work are no trouble", () => {
    expect(condition_severity({ type: "Ready", status: "False", reason: "PodCompleted" })).toBe(0);
  });
});

describe("containers", () => {
  it("say how they are", () => {
    const word = (state: object, init = false, more: object = {}) => state_text({ name: "a", state, ...more }, init);
    expect(word({ running: { startedAt: "2026-11-21T12:00:00Z" } }, false, { ready: true })).toMatchObject({
      severity: 0,
      word: "Running",
      since: 1795262400,
    });
    expect(word({ running: {} }).word).toBe("Running, not ready");
    expect(word({ running: {} }, true).word).toBe("Running");
    expect(word({ terminated: { exitCode: 0 } })).toMatchObject({ severity: 0, word: "Completed" });
    expect(word({ terminated: { exitCode: 2, reason: "Error" } })).toMatchObject({
      severity: 2,
      word: "Error, exit code 2",
    });
    expect(word({ waiting: { reason: "ContainerCreating" } }).severity).toBe(0);
    expect(word({ waiting: { reason: "ErrImagePull" } }).severity).toBe(2);
    expect(state_text(undefined, false).word).toBe("Waiting");
  });
  it("stand in the order in which they run, sidecars by name", () => {
    const found = containers_of({
      metadata: { name: "p", uid: "u" },
      spec: {
        containers: [{ name: "web" }],
        initContainers: [{ name: "setup" }, { name: "mesh", restartPolicy: "Always" }],
      },
      status: { containerStatuses: [{ name: "web", restartCount: 1 }] },
    });
    expect(found.map((one) => `${one.role} ${one.spec.name}`)).toEqual([
      "init container setup",
      "sidecar mesh",
      "container web",
    ]);
    expect(found[2]!.status?.restartCount).toBe(1);
  });
  it("tell what they ask for", () => {
    const one = {
      name: "a",
      resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { memory: "128Mi" } },
      ports: [
        { name: "http", containerPort: 80 },
        { containerPort: 53, protocol: "UDP" },
      ],
    };
    expect(resources_text(one)).toBe("requests 100m cpu, 64Mi memory; limits 128Mi memory");
    expect(resources_text({ name: "a" })).toBe("");
    expect(ports_text(one)).toBe("http 80/TCP, 53/UDP");
  });
});

describe("rollouts", () => {
  const word = (x: object, kind = "deployments", more: Partial<Row> = {}) =>
    rollout_word(kind, row("web", { x, ...more }));
  it("say where they are in a word", () => {
    expect(word({ replicas: 3, ready: 3, available: 3, updated: 3 })).toBe("Complete");
    expect(word({ replicas: 3, ready: 3, available: 3, updated: 1 })).toBe("Updating, 1 of 3");
    expect(word({ replicas: 3, ready: 2, available: 2, updated: 3 })).toBe("2 of 3 available");
    expect(word({ replicas: 0, ready: 0, available: 0, updated: 0 })).toBe("Scaled to 0");
    expect(word({ replicas: 3, available: 3, updated: 0, paused: true })).toBe("Paused");
    expect(word({ replicas: 3, available: 3, updated: 0 }, "replicasets")).toBe("Complete");
    expect(word({ replicas: 3 }, "deployments", { d: true })).toBe("Being deleted");
  });
  it("name images without where they come from", () => {
    expect(short_image("registry.example.com:5000/shop/web:1.2@sha256:abc")).toBe("web:1.2");
    expect(short_image("web")).toBe("web");
  });
  it("spell out the strategy", () => {
    expect(strategy_text({ type: "Recreate" })).toContain("ends all old pods");
    expect(strategy_text({ type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } })).toBe(
      "rolling: up to 1 more pods than wanted, up to 0 fewer",
    );
    expect(strategy_text(undefined)).toBe("");
  });
});

describe("what a workload's page follows", () => {
  const set = (n: string, revision: number, replicas: number) =>
    row(n, { x: { revision, replicas }, c: [n, replicas, 0] });
  it("is the newest set and all that have pods", () => {
    const sets = [
      set("old", 1, 0),
      set("going", 2, 1),
      set("new", 3, 0),
      row("ends", { x: { revision: 1 }, c: ["ends", 0, 2] }),
    ];
    expect(sets_with_pods(sets)).toEqual(["new", "going", "ends"]);
  });
  it("keeps within the subscriptions of a tab, pods that are not well first", () => {
    const pods = Array.from({ length: 100 }, (_, i) => row(`p${i}`, i === 99 ? { v: 2 } : {}));
    const found = events_about("d", [set("new", 3, 1)], pods);
    expect(found.slice(0, 3)).toEqual(["d", "new", "p99"]);
    expect(found.length).toBe(16);
  });
});

describe("small words", () => {
  it("of a filter are put in and taken out", () => {
    expect(toggle_word("web", "status:warning")).toBe("web status:warning");
    expect(toggle_word("Status:Warning web", "status:warning")).toBe("web");
    expect(toggle_word("status:warning", "status:warning")).toBeUndefined();
  });
  it("of a secret are text, or nothing", () => {
    expect(decode_value(btoa("hunter2"))).toBe("hunter2");
    expect(decode_value("w6Q=")).toBe("ä");
    expect(decode_value("/w==")).toBeNull();
    expect(decode_value("no base64!")).toBeNull();
  });
  it("name the controller among owners", () => {
    const owners = [
      { kind: "A", name: "a", uid: "1" },
      { kind: "B", name: "b", uid: "2", controller: true },
    ];
    expect(owner_of({ metadata: { name: "x", uid: "u", ownerReferences: owners } })?.kind).toBe("B");
    expect(owner_of({ metadata: { name: "x", uid: "u" } })).toBeUndefined();
  });
});
