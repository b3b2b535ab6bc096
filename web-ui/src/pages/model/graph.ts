// A layered graph, laid out: columns from left to right, each ordered so that edges cross little (the middle of the
// neighbours in the column before, twice there and back). Sizes in pixels.

export interface GraphNode {
  id: string;
  layer: number;
  title: string;
  note: string;
  severity: 0 | 1 | 2;
  object?: [kind: string, ns: string, name: string]; // where it leads
}
export interface GraphEdge {
  from: string;
  to: string;
  broken?: boolean;
}
export interface Placed extends GraphNode {
  x: number;
  y: number;
}
export interface Layout {
  width: number;
  height: number;
  nodes: Placed[];
  edges: { path: string; broken: boolean; key: string }[];
}

export const BOX = { width: 212, height: 48, gap_x: 50, gap_y: 12 };

export function layout(nodes: GraphNode[], edges: GraphEdge[]): Layout {
  const layers = new Map<number, GraphNode[]>();
  for (const node of nodes) layers.set(node.layer, [...(layers.get(node.layer) ?? []), node]);
  const order = [...layers.keys()].sort((a, b) => a - b).map((layer) => layers.get(layer)!);
  for (let round = 0; round < 2; round++) {
    for (let i = 1; i < order.length; i++) sort_by_neighbours(order[i]!, order[i - 1]!, edges);
    for (let i = order.length - 2; i >= 0; i--) sort_by_neighbours(order[i]!, order[i + 1]!, edges);
  }
  const tallest = Math.max(0, ...order.map((layer) => layer.length));
  const height = Math.max(0, tallest * (BOX.height + BOX.gap_y) - BOX.gap_y);
  const placed = order.flatMap((layer, column) => place(layer, column, height));
  const at = new Map(placed.map((node) => [node.id, node]));
  return {
    width: Math.max(0, order.length * (BOX.width + BOX.gap_x) - BOX.gap_x),
    height,
    nodes: placed,
    edges: edges.flatMap((edge) => {
      const from = at.get(edge.from);
      const to = at.get(edge.to);
      return from && to ? [{ path: curve(from, to), broken: !!edge.broken, key: `${edge.from}>${edge.to}` }] : [];
    }),
  };
}

function sort_by_neighbours(layer: GraphNode[], beside: GraphNode[], edges: GraphEdge[]): void {
  const place = new Map(beside.map((node, index) => [node.id, index]));
  const middle = new Map(
    layer.map((node, index) => {
      const found = edges
        .filter((edge) => edge.from === node.id || edge.to === node.id)
        .map((edge) => place.get(edge.from === node.id ? edge.to : edge.from))
        .filter((one): one is number => one !== undefined);
      return [node.id, found.length ? found.reduce((sum, one) => sum + one, 0) / found.length : index];
    }),
  );
  layer.sort((a, b) => middle.get(a.id)! - middle.get(b.id)!);
}

function place(layer: GraphNode[], column: number, height: number): Placed[] {
  const mine = layer.length * (BOX.height + BOX.gap_y) - BOX.gap_y;
  const top = (height - mine) / 2;
  return layer.map((node, index) => ({
    ...node,
    x: column * (BOX.width + BOX.gap_x),
    y: top + index * (BOX.height + BOX.gap_y),
  }));
}

function curve(from: Placed, to: Placed): string {
  const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [x2, y2] = [to.x, to.y + BOX.height / 2];
  const bend = (x2 - x1) / 2;
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
