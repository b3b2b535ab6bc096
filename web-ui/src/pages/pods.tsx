// Pods: the list, and at /ui/pods/<namespace>/<name> one of them.
import { KINDS } from "../api/kinds";
import { useCollection } from "../live/collection";
import type { Row } from "../live/protocol";
import { namespace, route } from "../router";
import { row_keys } from "../ui/actions";
import { ObjectLink } from "../ui/link";
import { Empty } from "../ui/state";
import { Table, type ExtraColumn } from "../ui/table";
import { ListHead } from "./parts/list_head";
import { PodPage } from "./pod/page";

const NODE: ExtraColumn = {
  name: "Node",
  cell: (row) => row.x?.node && <ObjectLink kind="nodes" name={row.x.node} />,
  sort: (row) => row.x?.node ?? "",
};
const NARROW = [NODE]; // kubectl has the node among its wide columns
const WIDE: ExtraColumn[] = [];

const keys = (row: Row) => row_keys("pods", row);

export default function Pods() {
  const [ns, name] = route.value.parts;
  return ns && name ? <PodPage key={`${ns}/${name}`} ns={ns} name={name} /> : <List />;
}

function List() {
  const rows = useCollection({ kind: "pods", ns: namespace.value });
  return (
    <>
      <ListHead title="Pods" />
      <Table
        id="pods"
        rows={rows}
        kind={KINDS.pods!}
        extra={route.value.query.wide ? WIDE : NARROW}
        on_keys={keys}
        empty={<Empty teach="kubectl create deployment web --image=appliance/demo">No pod runs here yet.</Empty>}
      />
    </>
  );
}
