// Roll back: the revisions of a deployment, what going back to one changes in its pods, and the way there.
import { useEffect, useState } from "preact/hooks";
import { kubectl_of_undo, previous_of, revisions_of, undo, type Revision, type Target } from "../../api/actions";
import type { Status } from "../../live/protocol";
import { template_diff } from "../../pages/model/diff";
import { Age } from "../age";
import { open_dialog } from "../dialog";
import { Failed, Loading } from "../state";
import { toast } from "../toast";
import { ActionForm, status_of_error } from "./form";

export const open_undo = (o: Target, revision?: number): void =>
  void open_dialog((close) => <Undo o={o} first={revision} close={close} />, {
    title: `Roll back ${o.name}`,
    wide: true,
  });

function Undo({ o, first, close }: { o: Target; first?: number; close: () => void }) {
  const [revisions, set_revisions] = useState<Revision[] | null>(null);
  const [error, set_error] = useState<Status | null>(null);
  const [chosen, set_chosen] = useState<number | undefined>(first);
  useEffect(() => {
    revisions_of(o).then(
      (answer) => {
        set_revisions(answer.revisions);
        set_chosen((now) => now ?? previous_of(answer.revisions)?.number);
      },
      (failure) => set_error(status_of_error(failure)),
    );
  }, []);
  const now = revisions?.find((one) => one.current);
  const to = revisions?.find((one) => one.number === chosen);
  const after = () => {
    close();
    toast({ text: `${o.name} goes back to revision ${chosen}`, kind: "ok" });
  };
  return (
    <ActionForm
      verb={chosen === undefined ? "Roll back" : `Roll back to ${chosen}`}
      kubectl={kubectl_of_undo(o, chosen)}
      close={close}
      run={() => undo(o, chosen)}
      after={after}
      ready={!!to && !to.current}
    >
      {error && <Failed error={error} />}
      {!revisions && !error && <Loading />}
      {revisions && <Choices revisions={revisions} chosen={chosen} choose={set_chosen} />}
      {to && now && !to.current && <Changes now={now} to={to} />}
    </ActionForm>
  );
}

interface ChoicesProps {
  revisions: Revision[];
  chosen?: number;
  choose: (number: number) => void;
}
function Choices({ revisions, chosen, choose }: ChoicesProps) {
  if (revisions.length < 2) return <p>There is no earlier revision.</p>;
  return (
    <fieldset class="plain revisions">
      <legend>Revision</legend>
      {revisions.map((one) => (
        <label key={one.number} class="check">
          <input
            type="radio"
            name="revision"
            disabled={one.current}
            checked={one.number === chosen}
            onChange={() => choose(one.number)}
          />
          <span>
            <b>{one.number}</b> {one.current && "(now) "}
            <bdi>{one.images.join(", ")}</bdi> <Age t={Date.parse(one.created) / 1000} />
            {one.cause && <small>{one.cause}</small>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

// Field by field: what pods get that they do not have now.
function Changes({ now, to }: { now: Revision; to: Revision }) {
  const changes = template_diff(now.template, to.template);
  if (!changes.length) return <p>Its pods would be the same as those of now.</p>;
  return (
    <table class="changes" aria-label={`What revision ${to.number} changes`}>
      <caption aria-hidden="true">What revision {to.number} changes</caption>
      <thead>
        <tr>
          <th scope="col">Field</th>
          <th scope="col">Now</th>
          <th scope="col">Then</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ path, before, after }) => (
          <tr key={path}>
            <th scope="row">
              <bdi>{path}</bdi>
            </th>
            <td>{before === undefined ? <i>not set</i> : <bdi>{before}</bdi>}</td>
            <td>{after === undefined ? <i>not set</i> : <bdi>{after}</bdi>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
