// One pod: why it is not well, its facts, containers, conditions, events.
import { kubectl } from "../../api/kubectl";
import { KINDS } from "../../api/kinds";
import { path_of } from "../../api/request";
import { useCollection } from "../../live/collection";
import { href } from "../../router";
import { Actions } from "../../ui/actions";
import { Failed, Loading } from "../../ui/state";
import { events_of, reader } from "../model/cells";
import { containers_of } from "../model/container";
import type { Pod } from "../model/types";
import { Conditions } from "../parts/conditions";
import { EventsPart } from "../parts/events";
import { Gone } from "../parts/gone";
import { useObject, useRow } from "../parts/live";
import { Head, Part } from "../parts/parts";
import { ContainerCard } from "./containers";
import { PodFacts, PodPlacement } from "./facts";
import { PodUsage } from "./usage";
import { WhyCard } from "./why_card";
import "./pod.css";

export function PodPage({ ns, name }: { ns: string; name: string }) {
  const { row, columns, gone, error: refused } = useRow("pods", "", ns, name);
  const { object: pod, error, reload } = useObject<Pod>(path_of({ kind: "pods", ns, name }), row);
  const status = row ? reader(columns)(row, "Status") : undefined;
  return (
    <article>
      <Head
        crumbs={[{ label: "Pods", href: href("pods") }]}
        one={KINDS.pods!.one}
        name={name}
        ns={ns}
        severity={row?.v}
        status={status}
      >
        {!gone && <Actions kind="pods" ns={ns} name={name} row={row} />}
      </Head>
      {gone && pod && (
        <Gone
          one="pod"
          command={kubectl("get", "events", "-n", ns, "--field-selector", `involvedObject.name=${name}`)}
        />
      )}
      {!pod && error && <Failed error={error} retry={reload} />}
      {!pod && !error && refused && <Failed error={refused} />}
      {!pod && !error && !refused && <Loading lines={8} />}
      {pod && <Body pod={pod} why_row={row?.w} />}
    </article>
  );
}

function Body({ pod, why_row }: { pod: Pod; why_row?: string }) {
  const { namespace: ns = "", name, uid } = pod.metadata;
  const events = useCollection({ kind: "events", ns, about: uid });
  events.version.value;
  return (
    <>
      <WhyCard pod={pod} events={events_of(events.columns, events.rows.values())} told={why_row} />
      <div class="columns">
        <aside class="side-column" aria-label="Facts">
          <Part title="Facts">
            <PodFacts pod={pod} />
          </Part>
          <PodUsage pod={pod} />
        </aside>
        <div class="main-column">
          <Part title="Containers">
            <div>
              {containers_of(pod).map((one) => (
                <ContainerCard key={one.spec.name} pod={pod} one={one} />
              ))}
            </div>
          </Part>
          <Part title="Events">
            <EventsPart events={events} teach={`kubectl events -n ${ns} --for pod/${name}`} />
          </Part>
          <Part title="Conditions">
            <Conditions list={pod.status?.conditions} />
          </Part>
          <Part title="Placement and volumes">
            <PodPlacement pod={pod} />
          </Part>
        </div>
      </div>
    </>
  );
}
