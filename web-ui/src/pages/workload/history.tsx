// The revisions of a deployment: what each changed, and the way back.
import { useEffect, useState } from "preact/hooks";
import { revisions_of, type Revision } from "../../api/actions";
import type { Row } from "../../live/protocol";
import { Age } from "../../ui/age";
import { ObjectLink } from "../../ui/link";
import { Empty, Failed, Loading } from "../../ui/state";
import { template_diff, type Change } from "../model/diff";
import { seconds_of } from "../model/types";
import { Part } from "../parts/parts";

const CHANGES_SHOWN = 6;

export function History({ ns, name, stamp, sets }: { ns: string; name: string; stamp: unknown; sets: Row[] }) {
  const [revisions, set_revisions] = useState<Revision[] | null>(null);
  const [error, set_error] = useState<Error | null>(null);
  const which = sets.map((set) => `${set.u}:${set.x?.revision}:${set.x?.replicas}`).join(" ");
  const generation = (stamp as Row | undefined)?.x?.revision;
  useEffect(() => {
    let over = false;
    revisions_of({ kind: "deployments", ns, name }).then(
      (answer) => over || (set_revisions(answer.revisions), set_error(null)),
      (failure: Error) => over || set_error(failure),
    );
    return () => void (over = true);
  }, [ns, name, which, generation]);
  return (
    <Part title="History" note={revisions ? `${revisions.length} kept` : undefined}>
      {error && !revisions && <Failed error={error} />}
      {!revisions && !error && <Loading lines={2} />}
      {revisions?.length === 0 && (
        <Empty teach={`kubectl rollout history deployment/${name} -n ${ns}`}>No revision has been made yet.</Empty>
      )}
      {revisions && (
        <ol class="history">
          {revisions.map((one, index) => (
            <li key={one.number} class={one.current ? "current" : undefined}>
              <RevisionEntry ns={ns} name={name} one={one} before={revisions[index + 1]} />
            </li>
          ))}
        </ol>
      )}
    </Part>
  );
}

interface EntryProps {
  ns: string;
  name: string;
  one: Revision;
  before?: Revision;
}
function RevisionEntry({ ns, name, one, before }: EntryProps) {
  const changes = before ? template_diff(before.template, one.template) : [];
  return (
    <>
      <div class="history-head">
        <h3>
          Revision {one.number} {one.current && <span class="tag">now</span>}
        </h3>
        <span class="muted">
          <Age t={seconds_of(one.created)} /> ago · <ObjectLink kind="replicasets" ns={ns} name={one.name} /> ·{" "}
          {one.replicas} {one.replicas === 1 ? "pod" : "pods"}
        </span>
        {!one.current && (
          <button type="button" class="small" onClick={() => roll_back(ns, name, one.number)}>
            Roll back to {one.number}
          </button>
        )}
      </div>
      <p class="history-images">
        <code>
          <bdi>{one.images.join(", ")}</bdi>
        </code>
      </p>
      {one.cause && (
        <p class="muted">
          <bdi>{one.cause}</bdi>
        </p>
      )}
      {before && <Changes changes={changes} />}
    </>
  );
}

// The dialog is loaded when it is wanted.
const roll_back = (ns: string, name: string, revision: number): void =>
  void import("../../ui/actions/undo").then(({ open_undo }) => open_undo({ kind: "deployments", ns, name }, revision));

function Changes({ changes }: { changes: Change[] }) {
  if (!changes.length) return <p class="muted">The same template as the revision before.</p>;
  return (
    <ul class="changes">
      {changes.slice(0, CHANGES_SHOWN).map((one) => (
        <li key={one.path}>
          <code>
            <bdi>{one.path}</bdi>
          </code>
          : <ChangeText one={one} />
        </li>
      ))}
      {changes.length > CHANGES_SHOWN && <li class="muted">and {changes.length - CHANGES_SHOWN} more</li>}
    </ul>
  );
}

function ChangeText({ one }: { one: Change }) {
  const value = (text: string) => (
    <code class="words">
      <bdi>{text}</bdi>
    </code>
  );
  if (one.before === undefined) return <>added as {value(one.after!)}</>;
  if (one.after === undefined) return <>taken away, was {value(one.before)}</>;
  return (
    <>
      {value(one.before)} became {value(one.after)}
    </>
  );
}
