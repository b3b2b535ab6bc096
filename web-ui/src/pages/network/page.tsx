// One service: where it leads, as a picture and as a table; its ports, and why it leads nowhere when it does.
import { useMemo } from "preact/hooks";
import { path_of } from "../../api/request";
import { useCollection } from "../../live/collection";
import { href } from "../../router";
import { Actions } from "../../ui/actions";
import { Empty, Failed, Loading } from "../../ui/state";
import { StatusShape } from "../../ui/status";
import { endpoints_of, matches, nowhere } from "../model/service_graph";
import type { Obj } from "../model/types";
import { useCalm } from "../parts/calm";
import { EventsPart } from "../parts/events";
import { Gone } from "../parts/gone";
import { useObject, useRow } from "../parts/live";
import { Head, Part } from "../parts/parts";
import { EndpointTable } from "./endpoints";
import { ServiceFacts } from "./facts";
import { ServicePicture } from "./picture";
import { PortTable } from "./ports";
import "./network.css";

export function ServicePage({ ns, name }: { ns: string; name: string }) {
  const { row, gone, error: refused } = useRow("services", "", ns, name);
  const { object, error, reload } = useObject<Obj>(path_of({ kind: "services", ns, name }), row);
  const all_slices = useCollection({ kind: "endpointslices", group: "discovery.k8s.io", ns });
  const pods = useCollection({ kind: "pods", ns });
  const events = useCollection(object ? { kind: "events", ns, about: object.metadata.uid } : null);
  const painted = useCalm([all_slices.version, pods.version]);
  const endpoints = useMemo(() => {
    const slices = [...all_slices.rows.values()].filter((slice) => slice.x?.service === name);
    const by_name = new Map([...pods.rows.values()].map((pod) => [`${pod.s}/${pod.n}`, pod]));
    return endpoints_of(slices, by_name);
  }, [all_slices, pods, painted, name]);

  const known = row && all_slices.synced && pods.synced;
  const why = known ? nowhere(row, endpoints, pods.rows.values()) : "";
  const ready = endpoints.filter((one) => one.ready).length;
  const waiting = [...pods.rows.values()].filter((pod) => row && matches(row.x?.selector, pod.l)).length;
  return (
    <article>
      <Head
        crumbs={[{ label: "Network", href: href("network") }]}
        one="service"
        name={name}
        ns={ns}
        severity={why ? 2 : 0}
        status={known ? `${ready} of ${endpoints.length} ready` : undefined}
      >
        {!gone && <Actions kind="services" ns={ns} name={name} row={row} />}
      </Head>
      {gone && object && <Gone one="service" />}
      {!object && error && <Failed error={error} retry={reload} />}
      {!object && !error && refused && <Failed error={refused} />}
      {!object && !error && !refused && <Loading lines={8} />}
      {why && (
        <section class="nowhere" aria-label="Why it leads nowhere">
          <StatusShape severity={2} />
          <p>
            <bdi>{why}</bdi>
          </p>
        </section>
      )}
      {object && row && (
        <>
          <ServiceFacts object={object} pods={waiting} />
          <Part title="Ports">
            <PortTable ns={ns} row={row} />
          </Part>
          {known && endpoints.length > 0 && <ServicePicture service={row} endpoints={endpoints} />}
          <Part title="Endpoints" note={known ? `${ready} of ${endpoints.length} ready` : undefined}>
            {!known && <Loading lines={3} />}
            {known && endpoints.length === 0 && (
              <Empty teach={`kubectl get endpointslices -n ${ns} -l kubernetes.io/service-name=${name}`}>
                It has no endpoints.
              </Empty>
            )}
            {known && endpoints.length > 0 && <EndpointTable ns={ns} endpoints={endpoints} />}
          </Part>
          <Part title="Events">
            <EventsPart events={events} teach={`kubectl events -n ${ns} --for service/${name}`} />
          </Part>
        </>
      )}
    </article>
  );
}
