// Network: services, and at /ui/network/<namespace>/<name> the way from one of them to its pods and nodes.
import { KINDS } from "../api/kinds";
import { useCollection } from "../live/collection";
import type { Row } from "../live/protocol";
import { namespace, route } from "../router";
import { row_keys } from "../ui/actions";
import { Empty } from "../ui/state";
import { Table } from "../ui/table";
import { ServicePage } from "./network/page";
import { ListHead } from "./parts/list_head";

const keys = (row: Row) => row_keys("services", row);

export default function Network() {
  const [ns, name] = route.value.parts;
  return ns && name ? <ServicePage key={`${ns}/${name}`} ns={ns} name={name} /> : <List />;
}

function List() {
  const rows = useCollection({ kind: "services", ns: namespace.value });
  return (
    <>
      <ListHead title="Network" />
      <Table
        id="services"
        rows={rows}
        kind={KINDS.services!}
        on_keys={keys}
        empty={
          <Empty teach="kubectl expose deployment web --port=80 --target-port=8080">There is no service yet.</Empty>
        }
      />
    </>
  );
}
