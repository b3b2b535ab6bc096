// All nodes, with what they use at this moment.
import { useMemo } from "preact/hooks";
import { KINDS } from "../../api/kinds";
import { useCollection, useUsage, type Series } from "../../live/collection";
import type { Column, Row } from "../../live/protocol";
import { href, route } from "../../router";
import { row_keys } from "../../ui/actions";
import { Sparkline } from "../../ui/sparkline";
import { Empty } from "../../ui/state";
import { Table, type ExtraColumn } from "../../ui/table";
import { bytes_text, percent_text } from "../model/quantity";
import { ListHead } from "../parts/list_head";
import { asked_by_node, type Asked } from "./sums";
import "./nodes.css";

const narrow = (column: Column) => column.priority === 0 && column.name !== "Version";
const keys = (row: Row) => row_keys("nodes", row);

export function NodeList() {
  const nodes = useCollection({ kind: "nodes" });
  const pods = useCollection({ kind: "pods" });
  const usage = useUsage("nodes");
  const pods_version = pods.version.value;
  const usage_version = usage.version.value;
  const asked = useMemo(() => asked_by_node(pods.rows.values()), [pods_version, pods]);
  const extra = useMemo(() => columns(usage.series, asked), [usage_version, asked]);
  return (
    <>
      <ListHead title="Nodes">
        <a class="button" href={href("join")}>
          Add a machine
        </a>
      </ListHead>
      <Table
        id="nodes"
        rows={nodes}
        kind={KINDS.nodes!}
        extra={extra}
        columns={route.value.query.wide ? undefined : narrow}
        on_keys={keys}
        empty={<Empty teach="appliance token create">No machine has joined yet.</Empty>}
      />
    </>
  );
}

const columns = (series: Map<string, Series>, asked: Map<string, Asked>): ExtraColumn[] => [
  {
    name: "CPU",
    right: true,
    weight: 20,
    cell: ({ n }) => {
      const one = series.get(n);
      if (!one || one.last.cpu === undefined) return <Silent error={one?.last.error} />;
      const text = percent_text(one.last.cpu, one.last.cores ?? 0);
      return <Use values={one.cpu} max={one.last.cores} text={text} label={`CPU of ${n}, now ${text}`} />;
    },
    sort: ({ n }) => -(share(series.get(n)?.last.cpu, series.get(n)?.last.cores) ?? -1),
  },
  {
    name: "Memory",
    right: true,
    weight: 22,
    cell: ({ n }) => {
      const one = series.get(n);
      if (!one || one.last.mem === undefined) return <Silent />;
      const text = bytes_text(one.last.mem);
      return <Use values={one.mem} max={one.last.memTotal} text={text} label={`Memory of ${n}, now ${text}`} />;
    },
    sort: ({ n }) => -(share(series.get(n)?.last.mem, series.get(n)?.last.memTotal) ?? -1),
  },
  {
    name: "Pods",
    right: true,
    cell: (row) => `${asked.get(row.n)?.pods ?? 0}${row.x?.pods ? ` / ${row.x.pods}` : ""}`,
    sort: (row) => -(asked.get(row.n)?.pods ?? 0),
  },
];

const share = (part?: number, whole?: number) => (part !== undefined && whole ? part / whole : undefined);

const Silent = ({ error }: { error?: string }) => (
  <span class="muted" title={error}>
    {error ? "no answer" : "–"}
  </span>
);

interface UseProps {
  values: number[];
  max?: number;
  text: string;
  label: string;
}
const Use = ({ values, max, text, label }: UseProps) => (
  <span class="node-use">
    <Sparkline values={values} max={max} label={label} />
    <span class="num">{text}</span>
  </span>
);
