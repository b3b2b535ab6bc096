// How full the cluster is: processors, memory, pods, nodes; each leads to where more is told.
import type { ComponentChildren } from "preact";
import type { Series } from "../../live/collection";
import type { Row } from "../../live/protocol";
import { href } from "../../router";
import { Sparkline } from "../../ui/sparkline";
import { sum_series } from "../model/changes";
import { bytes_text, percent_text } from "../model/quantity";
import { usePodCount } from "./count";

export interface CapacityProps {
  nodes: Row[];
  deployments: number;
  usage: Map<string, Series>;
  stamp: number; // changes when pods may have come or gone
  ns: string;
}

export function Capacity({ nodes, deployments, usage, stamp, ns }: CapacityProps) {
  const pods = usePodCount(ns, stamp);
  const series = [...usage.values()].filter((one) => one.last.cpu !== undefined);
  const total = (pick: (one: Series) => number | undefined) => series.reduce((sum, one) => sum + (pick(one) ?? 0), 0);
  const cores = total((one) => one.last.cores);
  const cpu = total((one) => one.last.cpu);
  const memory = total((one) => one.last.memTotal);
  const used = total((one) => one.last.mem);
  const ready = nodes.filter((row) => row.x?.ready).length;
  const room = nodes.reduce((sum, row) => sum + (row.x?.pods ?? 0), 0);
  const silent = nodes.length > 0 && series.length === 0;
  return (
    <section aria-labelledby="capacity">
      <h2 id="capacity">Capacity</h2>
      <div class="tiles">
        <Tile title="CPU" href={href("nodes")} value={silent ? "–" : percent_text(cpu, cores)}>
          {!silent && (
            <Sparkline values={sum_series(series.map((one) => one.cpu))} max={cores || undefined} label="CPU in use" />
          )}
          {silent ? "No node has told its use yet." : `${cpu.toFixed(1)} of ${cores} cores`}
        </Tile>
        <Tile title="Memory" href={href("nodes")} value={silent ? "–" : percent_text(used, memory)}>
          {!silent && (
            <Sparkline
              values={sum_series(series.map((one) => one.mem))}
              max={memory || undefined}
              label="Memory in use"
            />
          )}
          {silent ? "No node has told its use yet." : `${bytes_text(used)} of ${bytes_text(memory)}`}
        </Tile>
        <Tile title="Pods" href={href("pods")} value={pods === null ? "–" : pods.toLocaleString("en")}>
          {room > 0 && !ns && <Bar part={pods ?? 0} whole={room} />}
          {room > 0 && !ns ? `room for ${room.toLocaleString("en")}` : ns ? `in namespace ${ns}` : ""}
        </Tile>
        <Tile title="Nodes" href={href("nodes")} value={nodes.length ? `${ready} of ${nodes.length}` : "–"}>
          {nodes.length > 0 && <Bar part={ready} whole={nodes.length} />}
          {nodes.length > 0 && (ready === nodes.length ? "all ready" : `${nodes.length - ready} not ready`)}
        </Tile>
        <Tile title="Deployments" href={href("workloads")} value={deployments.toLocaleString("en")} />
      </div>
    </section>
  );
}

interface TileProps {
  title: string;
  href: string;
  value: string;
  children?: ComponentChildren;
}
const Tile = ({ title, href: to, value, children }: TileProps) => (
  <a class="tile" href={to}>
    <h3>{title}</h3>
    <b>{value}</b>
    <div class="tile-more">{children}</div>
  </a>
);

const Bar = ({ part, whole }: { part: number; whole: number }) => (
  <span class="tile-bar" aria-hidden="true">
    <span style={{ width: `${whole > 0 ? Math.min(100, (100 * part) / whole) : 0}%` }} />
  </span>
);
