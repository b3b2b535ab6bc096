// Roll back: the revisions of a deployment, what going back to one changes in its pods, and the way there.
import { useEffect, useState } from "preact/hooks";
import { kubectl_of_undo, previous_of, revisions_of, undo, type Revision, type Target } from "../../api/actions";
import type { Status } from "../../live/protocol";
import { Age } from "../age";
import { open_dialog } from "../dialog";
import { emit } from "../diff/emit";
import { Diff } from "../diff/view";
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
      {to && now && !to.current && (
        <Diff before={emit(now.template)} after={emit(to.template)} label={`What revision ${to.number} changes`} />
      )}
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
