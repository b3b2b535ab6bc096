// One node: what it is, what it has and uses, the pods on it, what happened to it.
import { useMemo } from "preact/hooks";
import { KINDS } from "../../api/kinds";
import { path_of } from "../../api/request";
import { useCollection } from "../../live/collection";
import type { Row } from "../../live/protocol";
import { href } from "../../router";
import { Actions, row_keys } from "../../ui/actions";
import { Copy } from "../../ui/copy";
import { Empty, Failed, Loading } from "../../ui/state";
import { Table } from "../../ui/table";
import { reader } from "../model/cells";
import { Conditions } from "../parts/conditions";
import { EventsPart } from "../parts/events";
import { Gone } from "../parts/gone";
import { useObject, useRow } from "../parts/live";
import { Facts, Head, Labels, Part } from "../parts/parts";
import { asked_by_node } from "./sums";
import { NodeUse } from "./use";
import "./nodes.css";

export function NodePage({ name }: { name: string }) {
  const { row, columns, gone, error: refused } = useRow("nodes", "", undefined, name);
  const { object: node, error, reload } = useObject<any>(path_of({ kind: "nodes", name }), row);
  const status = row ? reader(columns)(row, "Status") : undefined;
  return (
    <article>
      <Head
        crumbs={[{ label: "Nodes", href: href("nodes") }]}
        one="node"
        name={name}
        severity={row?.v}
        status={status}
        why={row?.w}
      >
        {!gone && <Actions kind="nodes" name={name} row={row} />}
      </Head>
      {gone && node && <Gone one="node" />}
      {!node && error && <Failed error={error} retry={reload} />}
      {!node && !error && refused && <Failed error={refused} />}
      {!node && !error && !refused && <Loading lines={8} />}
      {node && <Body node={node} />}
    </article>
  );
}

const pod_keys = (row: Row) => row_keys("pods", row);
const NONE = { pods: 0, cpu: 0, mem: 0 };

function Body({ node }: { node: any }) {
  const { name, uid } = node.metadata;
  const pods = useCollection({ kind: "pods", node: name });
  const version = pods.version.value;
  const asked = useMemo(() => asked_by_node(pods.rows.values()).get(name) ?? NONE, [version, pods]);
  const events = useCollection({ kind: "events", about: uid });
  return (
    <div class="columns">
      <aside class="side-column" aria-label="Facts">
        <NodeFacts node={node} />
      </aside>
      <div class="main-column">
        <NodeUse node={node} asked={asked} />
        <Part title="Pods">
          <Table
            id="pods"
            rows={pods}
            kind={KINDS.pods!}
            embedded
            on_keys={pod_keys}
            empty={<Empty teach={`kubectl get pods -A --field-selector spec.nodeName=${name}`}>No pod is on it.</Empty>}
          />
        </Part>
        <Part title="Conditions">
          <Conditions list={node.status?.conditions} />
        </Part>
        <Part title="Labels">
          <Labels labels={node.metadata.labels} page={["nodes"]} />
        </Part>
        <Part title="Taints">
          <Taints taints={node.spec?.taints ?? []} />
        </Part>
        <Part title="Events">
          <EventsPart events={events} teach={`kubectl events --for node/${name}`} />
        </Part>
      </div>
    </div>
  );
}

function NodeFacts({ node }: { node: any }) {
  const info = node.status?.nodeInfo ?? {};
  const addresses = (node.status?.addresses ?? []) as { type: string; address: string }[];
  return (
    <Part title="Facts">
      <Facts
        items={[
          ...addresses.map(({ type, address }): [string, any] => [
            type,
            <>
              <bdi>{address}</bdi> <Copy text={address} label={`Copy ${type}`} />
            </>,
          ]),
          ["Pod network", node.spec?.podCIDR],
          ["Version", info.kubeletVersion],
          ["Runtime", info.containerRuntimeVersion],
          ["System", info.osImage],
          ["Kernel", info.kernelVersion],
          ["Architecture", info.architecture],
          ["Machine ID", info.machineID],
        ]}
      />
    </Part>
  );
}

function Taints({ taints }: { taints: { key: string; value?: string; effect: string }[] }) {
  if (!taints.length) return <span class="muted">none: it takes any pod</span>;
  return (
    <ul class="chips">
      {taints.map(({ key, value, effect }) => (
        <li key={`${key}${effect}`}>
          <bdi>
            {key}
            {value ? `=${value}` : ""}:{effect}
          </bdi>
        </li>
      ))}
    </ul>
  );
}
