// The ports of a service, with where each can be reached from.
import type { Row } from "../../live/protocol";
import { useCollection } from "../../live/collection";
import { Copy } from "../../ui/copy";
import { ports_of } from "../model/service_graph";
import { SmallTable } from "../parts/parts";

export function PortTable({ ns, row }: { ns: string; row: Row }) {
  const nodes = useCollection(row.x?.type === "NodePort" || row.x?.type === "LoadBalancer" ? { kind: "nodes" } : null);
  nodes.version.value;
  const ready = [...nodes.rows.values()].filter((node) => node.x?.ready && node.x?.ip);
  const ip = row.x?.clusterIP && row.x.clusterIP !== "None" ? String(row.x.clusterIP) : "";
  const ports = ports_of(row);
  if (!ports.length) return <p class="muted">It names no port.</p>;
  return (
    <SmallTable
      label="Ports"
      columns={["Port", "Leads to", "Inside the cluster", "From outside"]}
      rows={ports.map((one) => {
        const number = one.port.split("/")[0]!;
        const node = ready[0]?.x?.ip;
        return {
          key: one.port + one.name,
          cells: [
            <>
              <b>{one.port}</b> {one.name && <bdi class="muted">{one.name}</bdi>}
            </>,
            <>
              port <bdi>{one.target}</bdi> of the pods
            </>,
            <Addresses list={[`${row.n}.${ns}:${number}`, ...(ip ? [`${ip}:${number}`] : [])]} />,
            one.node ? (
              <Addresses list={node ? [`${node}:${one.node}`] : [`:${one.node}`]} note="or any other node" />
            ) : (
              <span class="muted">not reachable</span>
            ),
          ],
        };
      })}
    />
  );
}

const Addresses = ({ list, note }: { list: string[]; note?: string }) => (
  <ul class="lines">
    {list.map((one) => (
      <li key={one}>
        <code>
          <bdi>{one}</bdi>
        </code>{" "}
        <Copy text={one} label={`Copy ${one}`} />
      </li>
    ))}
    {note && <li class="muted">{note}</li>}
  </ul>
);
