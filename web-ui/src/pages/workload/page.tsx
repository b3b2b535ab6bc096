// One deployment or replica set: replicas, pods, history, events, conditions.
import { KINDS } from "../../api/kinds";
import { path_of } from "../../api/request";
import { useCollection } from "../../live/collection";
import { useMany } from "../../live/many";
import type { Query, Row } from "../../live/protocol";
import { href } from "../../router";
import { Actions, row_keys } from "../../ui/actions";
import { Empty, Failed, Loading } from "../../ui/state";
import { Table } from "../../ui/table";
import { rollout_word } from "../model/rollout";
import { events_about, sets_with_pods } from "../model/subjects";
import type { Obj } from "../model/types";
import { useCalm } from "../parts/calm";
import { Conditions } from "../parts/conditions";
import { EventsPart } from "../parts/events";
import { Gone } from "../parts/gone";
import { useObject, useRow } from "../parts/live";
import { Head, Part } from "../parts/parts";
import { TemplatePart, WorkloadFacts } from "./facts";
import { History } from "./history";
import { ReplicasCard } from "./replicas";
import "./workload.css";

const pod_keys = (row: Row) => row_keys("pods", row);

export interface WorkloadProps {
  kind: "deployments" | "replicasets";
  ns: string;
  name: string;
}

export function WorkloadPage({ kind, ns, name }: WorkloadProps) {
  const { row, gone, error: refused } = useRow(kind, "apps", ns, name);
  const { object, error, reload } = useObject<Obj>(path_of({ group: "apps", kind, ns, name }), row);
  return (
    <article>
      <Head
        crumbs={[{ label: "Workloads", href: href("workloads") }]}
        one={KINDS[kind]!.one}
        name={name}
        ns={ns}
        severity={row?.v}
        status={row && rollout_word(kind, row)}
        why={row?.w}
      >
        {!gone && <Actions kind={kind} ns={ns} name={name} row={row} />}
      </Head>
      {gone && object && <Gone one={KINDS[kind]!.one} />}
      {!object && error && <Failed error={error} retry={reload} />}
      {!object && !error && refused && <Failed error={refused} />}
      {!object && !error && !refused && <Loading lines={8} />}
      {object && <Body kind={kind} object={object} row={row} />}
    </article>
  );
}

function Body({ kind, object, row }: { kind: WorkloadProps["kind"]; object: Obj; row?: Row }) {
  const { namespace: ns = "", name, uid } = object.metadata;
  const owned = useCollection(kind === "deployments" ? { kind: "replicasets", group: "apps", ns, owner: uid } : null);
  const sets = [...owned.rows.values()];
  const makers = kind === "deployments" ? sets_with_pods(sets) : [uid];
  const pods = useMany(makers.map((owner): Query => ({ kind: "pods", ns, owner })));
  useCalm([owned.version, pods.version]);
  const about = events_about(uid, sets, [...pods.rows.values()]);
  const events = useMany(about.map((one): Query => ({ kind: "events", ns, about: one })));
  return (
    <>
      {row && <ReplicasCard row={row} object={object} />}
      <div class="columns">
        <aside class="side-column" aria-label="Facts">
          <WorkloadFacts kind={kind} object={object} />
        </aside>
        <div class="main-column">
          <Part title="Pods">
            <Table
              id="pods"
              embedded
              hide_ns
              rows={pods}
              kind={KINDS.pods!}
              on_keys={pod_keys}
              empty={
                <Empty teach={`kubectl scale ${KINDS[kind]!.one}/${name} -n ${ns} --replicas=1`}>
                  It has no pods at this moment.
                </Empty>
              }
            />
          </Part>
          {kind === "deployments" && <History ns={ns} name={name} stamp={row} sets={sets} />}
          <Part title="Events">
            <EventsPart events={events} objects teach={`kubectl events -n ${ns} --for ${KINDS[kind]!.one}/${name}`} />
          </Part>
          <Part title="Conditions">
            <Conditions list={object.status?.conditions} />
          </Part>
          <TemplatePart object={object} />
        </div>
      </div>
    </>
  );
}
