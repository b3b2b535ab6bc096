// The overview: what is wrong first, then how full the cluster is, and what changed lately.
import { useCollection, useUsage, type Series } from "../live/collection";
import type { Status } from "../live/protocol";
import { namespace } from "../router";
import { Failed, Loading } from "../ui/state";
import { StatusShape } from "../ui/status";
import { events_of } from "./model/cells";
import { recent } from "./model/changes";
import { count_troubled, ranked, verdict } from "./model/problems";
import { Capacity } from "./overview/capacity";
import { Changes } from "./overview/changes";
import { Problems } from "./overview/problems";
import "./overview/overview.css";
import { useCalm } from "./parts/calm";

export default function Overview() {
  const ns = namespace.value;
  const pods = useCollection({ kind: "pods", ns, only: "problems" });
  const deployments = useCollection({ kind: "deployments", group: "apps", ns });
  const sets = useCollection({ kind: "replicasets", group: "apps", ns });
  const nodes = useCollection({ kind: "nodes" });
  const namespaces = useCollection({ kind: "namespaces", only: "problems" });
  const events = useCollection({ kind: "events", ns });
  const usage = useUsage("nodes");
  const painted = useCalm([pods, deployments, sets, nodes, namespaces, events, usage].map((one) => one.version));

  const refused = [pods, deployments, nodes].find((one) => one.error)?.error;
  const ready = pods.synced && deployments.synced && sets.synced && nodes.synced;
  const problems = ranked({
    pods: pods.rows.values(),
    deployments: deployments.rows.values(),
    replicasets: sets.rows.values(),
    nodes: nodes.rows.values(),
    namespaces: namespaces.rows.values(),
  });
  const lists = [pods, deployments, sets, nodes, namespaces].map((one) => one.rows.values());
  const broken = problems.filter((one) => one.row.v === 2).length;
  const warnings = [...events.rows.values()].filter((row) => row.x?.type === "Warning");
  return (
    <div class="overview">
      <Verdict
        ready={ready}
        objects={count_troubled(lists)}
        broken={broken}
        doubtful={problems.length - broken}
        refused={refused}
      />
      {refused && <Failed error={refused} />}
      {!ready && !refused && <Loading lines={4} />}
      {ready && <Problems problems={problems} />}
      <Capacity
        nodes={[...nodes.rows.values()]}
        deployments={deployments.rows.size}
        usage={usage.series as Map<string, Series>}
        stamp={painted}
        ns={ns}
      />
      <Changes
        ready={ready}
        changes={recent(sets.rows.values(), nodes.rows.values(), events_of(events.columns, warnings))}
      />
    </div>
  );
}

interface VerdictProps {
  ready: boolean;
  objects: number;
  broken: number;
  doubtful: number;
  refused?: Status | null;
}
function Verdict({ ready, objects, broken, doubtful, refused }: VerdictProps) {
  const severity = broken ? 2 : doubtful ? 1 : 0;
  return (
    <h1 class={`headline s${severity}`}>
      <span class="unseen">Overview: </span>
      {ready && <StatusShape severity={severity} />}
      {refused ? "What is wrong cannot be seen" : ready ? verdict(objects, broken + doubtful) : "Looking…"}
      {broken > 0 && <small class="muted">{broken} broken</small>}
      {doubtful > 0 && <small class="muted">{doubtful} to be looked at</small>}
    </h1>
  );
}
