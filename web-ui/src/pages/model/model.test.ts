import { describe, expect, it } from "vitest";
import type { Row } from "../../live/protocol";
import { events_of } from "./cells";
import { recent, sum_series } from "./changes";
import { diff, template_diff } from "./diff";
import { env_of, toleration_text, volume_text } from "./env";
import { groups_of } from "./event_groups";
import { exit_text } from "./exits";
import { probe_text } from "./probe";
import { count_troubled, ranked, sentence, verdict } from "./problems";
import { bytes_text, cores_text, duration_text, percent_text, quantity } from "./quantity";

const row = (n: string, more: Partial<Row> = {}): Row => ({ u: n, n, s: "a", t: 1, c: [], ...more });

describe("quantities", () => {
  it.each([
    ["100m", 0.1],
    ["2", 2],
    ["64Mi", 64 * 2 ** 20],
    ["1.5G", 1.5e9],
    ["1e3", 1000],
    ["", 0],
    ["lots", 0],
    ["1Zi", 0],
  ])("reads %s", (text, value) => expect(quantity(text)).toBeCloseTo(value));
  it("writes them for people", () => {
    expect([0, 512, 2 ** 20, 1.5 * 2 ** 30, 200 * 2 ** 30].map(bytes_text)).toEqual([
      "0 B",
      "512 B",
      "1.0 MiB",
      "1.5 GiB",
      "200 GiB",
    ]);
    expect([0, 0.0042, 0.25, 0.999, 1.5, 12].map(cores_text)).toEqual([
      "0 m",
      "4.2 m",
      "250 m",
      "1.00 cores",
      "1.50 cores",
      "12.0 cores",
    ]);
    expect([5, 119, 120, 3600, 7200, 9000, 86399].map(duration_text)).toEqual([
      "5 s",
      "119 s",
      "2 min",
      "60 min",
      "2 h",
      "2 h 30 min",
      "24 h",
    ]);
    expect([percent_text(1, 3), percent_text(1, 0)]).toEqual(["33%", "–"]);
  });
});

describe("probes", () => {
  it("are spelled out", () => {
    expect(
      probe_text("readiness", { httpGet: { port: "http", path: "healthz" }, periodSeconds: 5, failureThreshold: 1 }),
    ).toBe("GET http://:http/healthz every 5 s, answered within 1 s; after one failure it gets no traffic");
    expect(probe_text("liveness", { exec: { command: ["cat", "/ok"] }, initialDelaySeconds: 3 })).toBe(
      "run cat /ok every 10 s, first after 3 s, answered within 1 s; after 3 failures in a row the container is restarted",
    );
  });
});

describe("ends of containers", () => {
  it("say what a number means", () => {
    expect(exit_text({ exitCode: 143 })).toBe("exit code 143 (killed by SIGTERM)");
    expect(exit_text({ exitCode: 1 })).toBe("exit code 1");
    expect(exit_text({ exitCode: 137, reason: "OOMKilled" })).toBe("killed for its memory (OOMKilled)");
  });
});

describe("differences", () => {
  it("are told by the field's path, lists by name", () => {
    const before = {
      spec: {
        containers: [
          { name: "a", image: "x:1" },
          { name: "b", image: "y" },
        ],
        n: 1,
      },
    };
    const after = {
      spec: {
        containers: [
          { name: "b", image: "y" },
          { name: "a", image: "x:2", tty: true },
        ],
      },
    };
    expect(diff(before, after)).toEqual([
      { path: "spec.containers[a].image", before: "x:1", after: "x:2" },
      { path: "spec.containers[a].tty", before: undefined, after: "true" },
      { path: "spec.n", before: "1", after: undefined },
    ]);
  });
  it("leave out the hash of a template", () => {
    const labels = (hash: string) => ({ metadata: { labels: { app: "web", "pod-template-hash": hash } } });
    expect(template_diff(labels("1"), labels("2"))).toEqual([]);
  });
  it("survive two entries of one name", () => {
    const ports = [
      { name: "x", port: 1 },
      { name: "x", port: 2 },
    ];
    expect(diff({ ports }, { ports: [ports[0]] }).map((change) => change.path)).toEqual(["ports[1]"]);
  });
});

describe("events", () => {
  const columns = ["Type", "Reason", "Message"].map((name) => ({ name, type: "string", priority: 0 }));
  const one = (u: string, t: number, x: object): Row => ({ u, n: u, s: "a", t, c: ["Warning", "BackOff", "again"], x });
  it("are facts, newest first", () => {
    const events = events_of(columns, [one("1", 5, { count: 2, kind: "Pod", name: "p" }), one("2", 9, {})]);
    expect(events.map((event) => event.id)).toEqual(["2", "1"]);
    expect(events[1]).toMatchObject({ reason: "BackOff", message: "again", count: 2, kind: "Pod", name: "p" });
  });
  it("are counted by reason and kind, warnings first", () => {
    const facts = events_of(columns, [
      one("1", 5, { count: 2, kind: "Pod", name: "p" }),
      one("2", 9, { count: 3, kind: "Pod", name: "q" }),
      one("3", 9, { count: 99, kind: "Node", type: "Normal", reason: "Ready", name: "n" }),
    ]);
    const groups = groups_of(facts);
    expect(groups.map((group) => [group.reason, group.count, group.objects])).toEqual([
      ["BackOff", 5, 2],
      ["Ready", 99, 1],
    ]);
  });
});

describe("environments", () => {
  it("name where a value comes from, never what a secret holds", () => {
    const env = env_of({
      name: "a",
      env: [
        { name: "A", value: "1" },
        { name: "B", valueFrom: { secretKeyRef: { name: "s", key: "k" } } },
        { name: "C", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
      ],
      envFrom: [{ configMapRef: { name: "all" } }],
    });
    expect(env.map((one) => [one.name, one.value || one.from, one.ref?.kind])).toEqual([
      ["A", "1", undefined],
      ["B", "key k of s", "secrets"],
      ["C", "status.podIP", undefined],
      ["*", "all of config map all", "configmaps"],
    ]);
  });
  it("tell volumes and tolerations", () => {
    expect(volume_text({ name: "v", hostPath: { path: "/etc" } }).what).toBe("folder of the node: /etc");
    expect(
      volume_text({ name: "t", projected: { sources: [{ serviceAccountToken: {} }, { configMap: { name: "ca" } }] } })
        .what,
    ).toBe("projected: token, config map ca");
    expect(toleration_text({ key: "k", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 })).toBe(
      "k:NoExecute for 300 s",
    );
    expect(toleration_text({ operator: "Exists" })).toBe("any taint");
  });
});

describe("problems", () => {
  const none = { nodes: [], namespaces: [], deployments: [], replicasets: [], pods: [] };
  const owner = (uid: string): Row["o"] => ["ReplicaSet", "web-1", uid];
  it("come worst first, and those of one controller once", () => {
    const found = ranked({
      ...none,
      pods: [
        row("web-1-a", { v: 2, w: "web-1-a ended 3 times", o: owner("rs") }),
        row("web-1-b", { v: 2, w: "web-1-b ended 14 times", o: owner("rs"), t: 9 }),
        row("slow", { v: 1, w: "not ready" }),
      ],
      nodes: [row("n1", { v: 2, w: "does not answer" }), row("n2")],
    });
    expect(found.map((one) => [one.kind, one.row.n, one.also])).toEqual([
      ["nodes", "n1", 0],
      ["pods", "web-1-b", 1],
      ["pods", "slow", 0],
    ]);
  });
  it("of pods are told with their deployment when that suffers too", () => {
    const found = ranked({
      ...none,
      deployments: [row("web", { v: 2, w: "none of 2 replicas is available" }), row("fine")],
      replicasets: [
        row("web-1", { o: ["Deployment", "web", "web"] }),
        row("fine-1", { o: ["Deployment", "fine", "fine"] }),
      ],
      pods: [
        row("web-1-a", { v: 1, w: "slow", o: owner("web-1") }),
        row("web-1-b", { v: 2, w: "ended", o: owner("web-1") }),
        row("fine-1-a", { v: 1, w: "ended", o: owner("fine-1") }),
      ],
    });
    expect(found.map((one) => [one.row.n, one.pod?.n])).toEqual([
      ["web", "web-1-b"],
      ["fine-1-a", "fine-1-a"],
    ]);
  });
  it("are summed up in a sentence", () => {
    const words = [verdict(0, 0), verdict(1, 1), verdict(3, 3), verdict(9, 2), verdict(9, 1)];
    expect(words).toEqual([
      "All is well",
      "1 problem",
      "3 problems",
      "9 problems with 2 causes",
      "9 problems with one cause",
    ]);
    expect(count_troubled([[row("a", { v: 1 }), row("b")], [row("c", { v: 2 })]])).toBe(2);
    expect([sentence("container web exited"), sentence("what now?"), sentence(undefined)]).toEqual([
      "Container web exited.",
      "What now?",
      "",
    ]);
  });
});

describe("recent changes", () => {
  it("are rollouts, new nodes and warnings, newest first", () => {
    const sets = [row("web-1", { t: 5, o: ["Deployment", "web", "d"], x: { revision: 2, images: ["shop:2"] } })];
    const warning = {
      ...events_of([], [row("e", { t: 9, x: { kind: "Pod", name: "p", reason: "BackOff", count: 3 } })])[0]!,
    };
    const found = recent(sets, [row("n1", { t: 7 })], [{ ...warning, message: "again" }]);
    expect(found.map((one) => `${one.kind} ${one.name} ${one.text}`)).toEqual([
      "pods p BackOff: again (3 times)",
      "nodes n1 joined",
      "deployments web revision 2 rolled out with shop:2",
    ]);
  });
  it("add up what nodes use, aligned at the last sample", () => {
    expect(
      sum_series([
        [1, 2, 3],
        [10, 20],
      ]),
    ).toEqual([11, 12, 23]);
    expect(sum_series([])).toEqual([]);
  });
});
