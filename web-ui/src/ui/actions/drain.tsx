// Drain: what will happen to each pod of the node, then what happens, until it is empty or somebody cancels.
import { useEffect, useState } from "preact/hooks";
import { drain, kubectl_of_drain, plan_drain, pods_of_node, type DrainPod } from "../../api/actions";
import type { Status } from "../../live/protocol";
import { confirm_dialog, open_dialog } from "../dialog";
import { Kubectl } from "../copy";
import { Failed, Loading } from "../state";
import { StatusMark } from "../status";
import { status_of_error } from "./form";

// A drain under way: the dialog does not close over it without a word.
class Work {
  running = false;
  private asking = false;
  private readonly abort = new AbortController();
  readonly signal = this.abort.signal;
  readonly stop = (): void => this.abort.abort(new Error("cancelled"));

  may_close(node: string): boolean {
    if (!this.running) return true;
    if (!this.asking) void this.ask(node);
    return false;
  }

  private async ask(node: string): Promise<void> {
    this.asking = true;
    const body = "Pods that were asked to go still go. The node stays cordoned.";
    if (await confirm_dialog({ title: `Stop draining ${node}?`, body, verb: "Stop draining" })) this.stop();
    this.asking = false;
  }
}

export function open_drain(node: string): void {
  const work = new Work();
  open_dialog((close) => <Drain node={node} work={work} close={close} />, {
    title: `Drain node ${node}`,
    may_close: () => work.may_close(node),
  });
}

type Phase = "planning" | "running" | "done" | "cancelled";

function Drain({ node, work, close }: { node: string; work: Work; close: () => void }) {
  const [listed, set_listed] = useState<any[] | null>(null);
  const [pods, set_pods] = useState<DrainPod[]>([]);
  const [phase, set_phase] = useState<Phase>("planning");
  const [error, set_error] = useState<Status | null>(null);
  const [force, set_force] = useState(false);
  const [empty_dir, set_empty_dir] = useState(false);
  const options = { force, empty_dir };
  const fail = (failure: unknown) => set_error(status_of_error(failure));
  useEffect(() => {
    pods_of_node(node).then(set_listed, fail);
    return work.stop;
  }, []);
  const shown = phase === "planning" ? plan_drain(listed ?? [], options) : pods;
  const refused = shown.filter((pod) => pod.state === "refused").length;
  const start = (event: Event) => {
    event.preventDefault();
    set_phase("running");
    work.running = true;
    set_error(null);
    drain(node, { ...options, progress: set_pods, signal: work.signal })
      .finally(() => (work.running = false))
      .then(
        () => set_phase("done"),
        (failure) => {
          if (work.signal.aborted) return set_phase("cancelled");
          set_phase("planning");
          fail(failure);
        },
      );
  };
  return (
    <form class="action-form" onSubmit={start}>
      <Summary phase={phase} pods={shown} node={node} />
      {!listed && !error && <Loading />}
      {phase === "planning" && <Options {...{ force, set_force, empty_dir, set_empty_dir }} />}
      <ul class="drain-pods" tabIndex={0} aria-label="Pods of the node">
        {shown.map((pod) => (
          <DrainLine key={pod.uid} pod={pod} />
        ))}
      </ul>
      {error && <Failed error={error} />}
      <Kubectl command={kubectl_of_drain(node, options)} />
      <div class="dialog-buttons">
        {phase === "running" ? (
          <button type="button" onClick={work.stop}>
            Stop draining
          </button>
        ) : (
          <button type="button" onClick={close}>
            {phase === "planning" ? "Cancel" : "Close"}
          </button>
        )}
        {phase === "planning" && (
          <button type="submit" class="danger" disabled={!listed || refused > 0}>
            Drain
          </button>
        )}
      </div>
    </form>
  );
}

function Summary({ phase, pods, node }: { phase: Phase; pods: DrainPod[]; node: string }) {
  const go = pods.filter((pod) => !["left", "refused"].includes(pod.state));
  const gone = go.filter((pod) => pod.state === "gone").length;
  const failed = go.filter((pod) => pod.state === "failed").length;
  const refused = pods.filter((pod) => pod.state === "refused").length;
  const text =
    phase === "planning"
      ? `${node} takes no new pods, and ${go.length} of its pods move elsewhere.` +
        (refused ? ` ${refused} must be decided about first.` : "")
      : phase === "running"
        ? `${gone} of ${go.length} pods are gone.`
        : phase === "done"
          ? `${gone} of ${go.length} pods are gone${failed ? `, ${failed} could not be evicted` : ""}. The node stays cordoned.`
          : `Stopped: ${gone} of ${go.length} pods are gone. The node stays cordoned; uncordon it to use it again.`;
  return (
    <p role="status">
      {text}
      {phase !== "planning" && <progress max={Math.max(go.length, 1)} value={gone} aria-label="Pods gone" />}
    </p>
  );
}

const WORDS: Record<DrainPod["state"], [severity: 0 | 1 | 2, word: string]> = {
  waiting: [0, "Moves"],
  asked: [0, "Evicting"],
  blocked: [1, "Held back"],
  ending: [0, "Ending"],
  gone: [0, "Gone"],
  failed: [2, "Failed"],
  left: [0, "Stays"],
  refused: [1, "Decide"],
};

function DrainLine({ pod }: { pod: DrainPod }) {
  const [severity, word] = WORDS[pod.state];
  return (
    <li data-state={pod.state}>
      <StatusMark severity={severity || undefined} word={word} />
      <bdi>
        {pod.ns}/{pod.name}
      </bdi>
      {pod.why && <small>{pod.why}</small>}
    </li>
  );
}

interface OptionsProps {
  force: boolean;
  set_force: (on: boolean) => void;
  empty_dir: boolean;
  set_empty_dir: (on: boolean) => void;
}
function Options({ force, set_force, empty_dir, set_empty_dir }: OptionsProps) {
  return (
    <fieldset class="plain">
      <legend>Also those</legend>
      <label class="check">
        <input type="checkbox" checked={empty_dir} onChange={(event) => set_empty_dir(event.currentTarget.checked)} />
        <span>with emptyDir volumes: what is in them is lost</span>
      </label>
      <label class="check">
        <input type="checkbox" checked={force} onChange={(event) => set_force(event.currentTarget.checked)} />
        <span>without a controller: they do not come back</span>
      </label>
    </fieldset>
  );
}
