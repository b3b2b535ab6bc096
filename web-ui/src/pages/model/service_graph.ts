// Service -> endpoint slices -> pods -> nodes, out of rows, for the picture and for the table of the same.
import type { Row } from "../../live/protocol";
import type { GraphEdge, GraphNode } from "./graph";

export interface Endpoint {
  slice: string;
  ip: string;
  ready: boolean;
  pod: string;
  node: string;
  row?: Row; // of the pod, when it is known
}

export const PODS_SHOWN = 24; // of the picture; the table has all

export function endpoints_of(slices: Iterable<Row>, pods: Map<string, Row>): Endpoint[] {
  const out: Endpoint[] = [];
  for (const slice of slices)
    for (const one of slice.x?.endpoints ?? [])
      out.push({
        slice: slice.n,
        ip: one.ip ?? "",
        ready: !!one.ready,
        pod: one.pod ?? "",
        node: one.node ?? "",
        row: pods.get(`${slice.s}/${one.pod}`),
      });
  return out.sort(
    (a, b) => Number(a.ready) - Number(b.ready) || a.pod.localeCompare(b.pod) || a.ip.localeCompare(b.ip),
  );
}

export const matches = (selector: Record<string, string> | undefined, labels: Record<string, string> | undefined) =>
  !!selector &&
  Object.keys(selector).length > 0 &&
  Object.entries(selector).every(([key, value]) => labels?.[key] === value);

export function graph_of(service: Row, endpoints: Endpoint[]): { nodes: GraphNode[]; edges: GraphEdge[] } {
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();
  const node = (one: GraphNode) => nodes.has(one.id) || nodes.set(one.id, one);
  const edge = (from: string, to: string, broken: boolean) => {
    const known = edges.get(from + to);
    edges.set(from + to, { from, to, broken: broken && (known?.broken ?? true) });
  };
  const ns = service.s ?? "";
  node({
    id: "svc",
    layer: 0,
    title: service.n,
    note: `service ${service.x?.clusterIP ?? ""}`,
    severity: service.v ?? 0,
  });
  const shown = endpoints.slice(0, PODS_SHOWN);
  for (const one of shown) {
    const slice = `slice ${one.slice}`;
    const target = one.pod ? `pod ${one.pod}` : `ip ${one.ip}`;
    node({
      id: slice,
      layer: 1,
      title: one.slice,
      note: count_text(endpoints, one.slice),
      severity: 0,
      object: ["endpointslices", ns, one.slice],
    });
    node({
      id: target,
      layer: 2,
      title: one.pod || one.ip,
      note: `${one.ready ? "ready" : "not ready"}, ${one.ip}`,
      severity: one.row?.v ?? (one.ready ? 0 : 1),
      object: one.pod ? ["pods", ns, one.pod] : undefined,
    });
    edge("svc", slice, !one.ready);
    edge(slice, target, !one.ready);
    if (!one.node) continue;
    node({
      id: `node ${one.node}`,
      layer: 3,
      title: one.node,
      note: "node",
      severity: 0,
      object: ["nodes", "", one.node],
    });
    edge(target, `node ${one.node}`, !one.ready);
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()] };
}

function count_text(endpoints: Endpoint[], slice: string): string {
  const mine = endpoints.filter((one) => one.slice === slice);
  return `${mine.filter((one) => one.ready).length} of ${mine.length} ready`;
}

// Why a service leads nowhere; "" when it leads somewhere.
export function nowhere(service: Row, endpoints: Endpoint[], pods: Iterable<Row>): string {
  if (endpoints.some((one) => one.ready)) return "";
  const selector = service.x?.selector as Record<string, string> | undefined;
  if (service.x?.type === "ExternalName") return "";
  if (!selector)
    return endpoints.length
      ? "None of its endpoints is ready."
      : "It has no selector, and nobody has made endpoints for it.";
  const text = Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(", ");
  const found = [...pods].filter((pod) => pod.s === service.s && matches(selector, pod.l));
  if (!found.length) return `No pod matches its selector ${text}.`;
  const why = found.find((pod) => pod.w)?.w;
  return `${found.length === 1 ? "The one pod" : `None of the ${found.length} pods`} that match${found.length === 1 ? "es" : ""} its selector ${text} is ${found.length === 1 ? "not " : ""}ready${why ? `: ${why}` : ""}.`;
}

export interface PortText {
  name: string;
  port: string; // "80/TCP"
  target: string;
  node: number;
}
export function ports_of(service: Row): PortText[] {
  return ((service.x?.ports ?? []) as Record<string, any>[]).map((one) => ({
    name: one.name ?? "",
    port: `${one.port}/${one.protocol ?? "TCP"}`,
    target: String(one.targetPort ?? one.port),
    node: one.nodePort ?? 0,
  }));
}
