// Every endpoint of a service: address, pod, node, and whether traffic goes there.
import { useState } from "preact/hooks";
import { ObjectLink } from "../../ui/link";
import { StatusMark } from "../../ui/status";
import type { Endpoint } from "../model/service_graph";
import { SmallTable } from "../parts/parts";

const SHOWN = 100;

export function EndpointTable({ ns, endpoints }: { ns: string; endpoints: Endpoint[] }) {
  const [all, set_all] = useState(false);
  const several = endpoints.some((one) => one.slice !== endpoints[0]?.slice);
  const sick = endpoints.some((one) => one.row?.w);
  return (
    <>
      <SmallTable
        label="Endpoints"
        columns={["Address", "Traffic", "Pod", "Node", ...(several ? ["Slice"] : []), ...(sick ? ["Why"] : [])]}
        rows={endpoints.slice(0, all ? undefined : SHOWN).map((one) => ({
          key: `${one.slice} ${one.ip} ${one.pod}`,
          cells: [
            <code>{one.ip}</code>,
            <StatusMark severity={one.ready ? 0 : 1} word={one.ready ? "ready" : "not ready"} />,
            one.pod && <ObjectLink kind="pods" ns={ns} name={one.pod} />,
            one.node && <ObjectLink kind="nodes" name={one.node} />,
            ...(several ? [<ObjectLink kind="endpointslices" ns={ns} name={one.slice} />] : []),
            ...(sick ? [one.row?.w ?? ""] : []),
          ],
        }))}
      />
      {endpoints.length > SHOWN && !all && (
        <button type="button" onClick={() => set_all(true)}>
          Show all {endpoints.length}
        </button>
      )}
    </>
  );
}
