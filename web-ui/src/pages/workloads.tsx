// Workloads: deployments and the replica sets that nobody owns, and at /ui/workloads/<kind>/<namespace>/<name> one of them.
import { KINDS } from "../api/kinds";
import { useCollection } from "../live/collection";
import type { Row } from "../live/protocol";
import { namespace, route } from "../router";
import { row_keys } from "../ui/actions";
import { Empty } from "../ui/state";
import { Table } from "../ui/table";
import { Tabs } from "../ui/tabs";
import { ListHead } from "./parts/list_head";
import { useSome } from "./parts/some";
import { WorkloadPage } from "./workload/page";
import { IMAGE_COLUMN } from "./workload/columns";

const deployment_keys = (row: Row) => row_keys("deployments", row);
const set_keys = (row: Row) => row_keys("replicasets", row);
const is_alone = (row: Row) => !row.o;

export default function Workloads() {
  const [kind, ns, name] = route.value.parts;
  if ((kind === "deployments" || kind === "replicasets") && ns && name)
    return <WorkloadPage key={`${kind}/${ns}/${name}`} kind={kind} ns={ns} name={name} />;
  return (
    <>
      <ListHead title="Workloads" />
      <Tabs
        id="workloads"
        label="Kinds of workloads"
        items={[
          { id: "deployments", label: "Deployments", body: () => <Deployments /> },
          { id: "replicasets", label: "Replica sets without a deployment", body: () => <ReplicaSets /> },
        ]}
      />
    </>
  );
}

function Deployments() {
  const rows = useCollection({ kind: "deployments", group: "apps", ns: namespace.value });
  return (
    <Table
      id="deployments"
      rows={rows}
      kind={KINDS.deployments!}
      extra={route.value.query.wide ? undefined : IMAGE_COLUMN}
      on_keys={deployment_keys}
      empty={
        <Empty teach="kubectl create deployment web --image=appliance/demo --replicas=3">
          There is no deployment yet.
        </Empty>
      }
    />
  );
}

function ReplicaSets() {
  const all = useCollection({ kind: "replicasets", group: "apps", ns: namespace.value });
  const rows = useSome(all, is_alone);
  return (
    <Table
      id="replicasets"
      rows={rows}
      kind={KINDS.replicasets!}
      extra={route.value.query.wide ? undefined : IMAGE_COLUMN}
      on_keys={set_keys}
      empty={<Empty teach="kubectl get replicasets -A">Every replica set belongs to a deployment.</Empty>}
    />
  );
}
