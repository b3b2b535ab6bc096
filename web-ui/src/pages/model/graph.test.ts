import { describe, expect, it } from "vitest";
import type { Row } from "../../live/protocol";
import { BOX, layout, type GraphNode } from "./graph";
import { endpoints_of, graph_of, matches, nowhere, PODS_SHOWN, ports_of } from "./service_graph";

const node = (id: string, layer: number): GraphNode => ({ id, layer, title: id, note: "", severity: 0 });

describe("the layout of a graph", () => {
  it("stacks each layer without overlap and uncrosses edges", () => {
    const nodes = [node("s", 0), node("a", 1), node("b", 1), node("y", 2), node("x", 2)];
    const edges = [
      { from: "s", to: "a" },
      { from: "s", to: "b" },
      { from: "a", to: "x" },
      { from: "b", to: "y" },
    ];
    const out = layout(nodes, edges);
    const at = (id: string) => out.nodes.find((one) => one.id === id)!;
    expect(at("a").y < at("b").y).toBe(at("x").y < at("y").y);
    expect(Math.abs(at("a").y - at("b").y)).toBe(BOX.height + BOX.gap_y);
    expect(at("s").y).toBeCloseTo((at("a").y + at("b").y) / 2);
    expect(out.edges).toHaveLength(4);
    expect(out.width).toBe(3 * BOX.width + 2 * BOX.gap_x);
  });
  it("leaves out edges to nowhere, and has no size when empty", () => {
    expect(layout([node("a", 0)], [{ from: "a", to: "gone" }]).edges).toEqual([]);
    expect(layout([], [])).toMatchObject({ width: 0, height: 0 });
  });
});

const service: Row = { u: "s", n: "web", s: "shop", t: 1, c: [], x: { type: "ClusterIP", selector: { app: "web" } } };
const slice = (endpoints: object[]): Row => ({ u: "e", n: "web-x1", s: "shop", t: 1, c: [], x: { endpoints } });
const pod = (n: string, more: Partial<Row> = {}): Row => ({
  u: n,
  n,
  s: "shop",
  t: 1,
  c: [],
  l: { app: "web" },
  ...more,
});

describe("the way of a service", () => {
  it("goes over slices and pods to nodes, those that are not ready first", () => {
    const pods = new Map([["shop/web-2", pod("web-2", { v: 2 })]]);
    const found = endpoints_of(
      [
        slice([
          { ip: "10.0.0.1", ready: true, pod: "web-1", node: "n1" },
          { ip: "10.0.0.2", ready: false, pod: "web-2", node: "n1" },
        ]),
      ],
      pods,
    );
    expect(found.map((one) => one.pod)).toEqual(["web-2", "web-1"]);
    const { nodes, edges } = graph_of(service, found);
    expect(nodes.map((one) => one.id)).toEqual(["svc", "slice web-x1", "pod web-2", "node n1", "pod web-1"]);
    expect(edges.find((one) => one.to === "slice web-x1")!.broken).toBe(false);
    expect(edges.find((one) => one.to === "pod web-2")!.broken).toBe(true);
  });
  it("shows a bounded number of pods", () => {
    const many = Array.from({ length: 900 }, (_, i) => ({ ip: `10.0.0.${i}`, ready: true, pod: `p${i}`, node: "n1" }));
    expect(graph_of(service, endpoints_of([slice(many)], new Map())).nodes).toHaveLength(PODS_SHOWN + 3);
  });
  it("says why it leads nowhere", () => {
    expect(nowhere(service, [], [])).toBe("No pod matches its selector app=web.");
    expect(nowhere(service, [], [pod("web-1", { w: "container web exited with code 1" })])).toBe(
      "The one pod that matches its selector app=web is not ready: container web exited with code 1.",
    );
    expect(nowhere(service, [], [pod("a"), pod("b")])).toBe(
      "None of the 2 pods that match its selector app=web is ready.",
    );
    expect(nowhere({ ...service, x: {} }, [], [])).toContain("no selector");
    expect(nowhere(service, [{ slice: "", ip: "", ready: true, pod: "", node: "" }], [])).toBe("");
  });
  it("matches labels as selectors do", () => {
    expect(matches({ a: "1" }, { a: "1", b: "2" })).toBe(true);
    expect(matches({}, { a: "1" })).toBe(false);
    expect(matches({ a: "1" }, undefined)).toBe(false);
  });
  it("tells ports", () => {
    expect(
      ports_of({ ...service, x: { ports: [{ port: 80, targetPort: "http", nodePort: 30080, protocol: "TCP" }] } }),
    ).toEqual([{ name: "", port: "80/TCP", target: "http", node: 30080 }]);
  });
});
