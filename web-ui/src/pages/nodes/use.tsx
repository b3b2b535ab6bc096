// What a node has, what its pods asked for, and what is used: now and in the last minutes.
import { useMemo } from "preact/hooks";
import { SAMPLES } from "../../live/usage";
import { useUsage } from "../../live/collection";
import { Graph } from "../../ui/graph";
import { Empty } from "../../ui/state";
import { bytes_text, cores_text, percent_text, quantity } from "../model/quantity";
import { Part, SmallTable } from "../parts/parts";
import { sample_times, type Asked } from "./sums";

export function NodeUse({ node, asked }: { node: any; asked: Asked }) {
  const usage = useUsage("nodes");
  const version = usage.version.value;
  const series = usage.series.get(node.metadata.name);
  const now = useMemo(() => Date.now() / 1000, [version]);
  const { cpu = [], mem = [] } = series ?? {};
  const times = useMemo(() => sample_times(SAMPLES, now), [now]);
  const lines = useMemo(
    () => ({ cpu: [{ label: "CPU", values: fill(cpu, times) }], mem: [{ label: "Memory", values: fill(mem, times) }] }),
    [times],
  );
  const last = series?.last;
  const room = node.status?.allocatable ?? {};
  const all = node.status?.capacity ?? {};
  const row = (label: string, key: string, want: number | undefined, used: number | undefined, text: Text) => {
    const free = quantity(room[key]);
    const part = (value: number | undefined) =>
      value === undefined ? "–" : `${text(value)}${free ? ` (${percent_text(value, free)})` : ""}`;
    return { key, cells: [label, text(quantity(all[key])), text(free), part(want), part(used)] };
  };
  return (
    <Part title="Use">
      {last?.error && <Empty>It does not tell what it uses: {last.error}</Empty>}
      {cpu.length > 1 && (
        <div class="node-graphs">
          <figure>
            <figcaption>CPU</figcaption>
            <Graph
              label="CPU of the last minutes"
              times={times}
              lines={lines.cpu}
              max={last?.cores}
              format={cores_text}
            />
          </figure>
          <figure>
            <figcaption>Memory</figcaption>
            <Graph
              label="Memory of the last minutes"
              times={times}
              lines={lines.mem}
              max={last?.memTotal}
              format={bytes_text}
            />
          </figure>
        </div>
      )}
      <SmallTable
        label="Capacity"
        columns={["", "Has", "For pods", "Asked for", "Used"]}
        rows={[
          row("CPU", "cpu", asked.cpu, last?.cpu, cores_text),
          row("Memory", "memory", asked.mem, last?.mem, bytes_text),
          row("Pods", "pods", asked.pods, undefined, String),
          ...(last?.diskTotal ? [disk(last.disk ?? 0, last.diskTotal)] : []),
        ]}
      />
    </Part>
  );
}

type Text = (value: number) => string;

const disk = (used: number, total: number) => ({
  key: "disk",
  cells: ["Disk", bytes_text(total), "–", "–", `${bytes_text(used)} (${percent_text(used, total)})`],
});

// As many as there are times, the last at the end.
const fill = (values: number[], times: number[]): (number | null)[] => [
  ...Array<null>(times.length - values.length).fill(null),
  ...values,
];
