// Delete: first what goes too, counted and named. More than one thing wants the name typed.
import { useEffect, useState } from "preact/hooks";
import { kubectl_of_remove, one_of, remove, what_goes_too, type Going, type Target } from "../../api/actions";
import { KINDS } from "../../api/kinds";
import type { Status } from "../../live/protocol";
import { open_dialog } from "../dialog";
import { Failed, Loading } from "../state";
import { toast } from "../toast";
import { ActionForm, status_of_error } from "./form";

const NAMES_SHOWN = 100; // of each kind; the count says the rest

export const open_remove = (o: Target): void =>
  void open_dialog((close) => <Remove o={o} close={close} />, { title: `Delete ${one_of(o.kind)} ${o.name}` });

function Remove({ o, close }: { o: Target; close: () => void }) {
  const [going, set_going] = useState<Going[] | null>(null);
  const [failure, set_failure] = useState<Status | null>(null);
  const [typed, set_typed] = useState("");
  const [grace, set_grace] = useState("");
  const [force, set_force] = useState(false);
  useEffect(() => {
    what_goes_too(o).then(set_going, (error) => set_failure(status_of_error(error)));
  }, []);
  const options = { grace: grace === "" ? undefined : Number(grace), force };
  const several = !!failure || !!going?.length;
  const has_pods = o.kind === "pods";
  const after = () => {
    close();
    toast({ text: `${one_of(o.kind)} ${o.name} is being deleted`, kind: "ok" });
  };
  return (
    <ActionForm
      verb="Delete"
      danger
      kubectl={kubectl_of_remove(o, options)}
      close={close}
      run={() => remove(o, options)}
      after={after}
      ready={(!!going || !!failure) && (!several || typed === o.name)}
    >
      {failure && <Failed error={failure} />}
      {!going && !failure && <Loading />}
      {going && <Goes o={o} going={going} />}
      {has_pods && <Grace {...{ grace, set_grace, force, set_force }} />}
      {several && (
        <label class="typed">
          <span>
            Type <code>{o.name}</code> to delete all of it
          </span>
          <input
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => set_typed(event.currentTarget.value)}
          />
        </label>
      )}
    </ActionForm>
  );
}

const title = ({ kind, names }: Going) =>
  `${names.length} ${names.length === 1 ? one_of(kind) : (KINDS[kind]?.title.toLowerCase() ?? kind)}`;

function Goes({ o, going }: { o: Target; going: Going[] }) {
  if (!going.length)
    return (
      <p>
        <bdi>{o.name}</bdi> is deleted. Nothing else goes with it.
      </p>
    );
  return (
    <>
      <p>
        <bdi>{o.name}</bdi> is deleted, and with it {going.map(title).join(", ")}.
      </p>
      {going.map((group) => (
        <details key={group.kind}>
          <summary>{title(group)}</summary>
          <ul class="going">
            {group.names.slice(0, NAMES_SHOWN).map((name) => (
              <li key={name}>
                <bdi>{name}</bdi>
              </li>
            ))}
            {group.names.length > NAMES_SHOWN && <li>and {group.names.length - NAMES_SHOWN} more</li>}
          </ul>
        </details>
      ))}
    </>
  );
}

interface GraceProps {
  grace: string;
  set_grace: (text: string) => void;
  force: boolean;
  set_force: (on: boolean) => void;
}
function Grace({ grace, set_grace, force, set_force }: GraceProps) {
  return (
    <fieldset class="plain">
      <legend>How it ends</legend>
      <label class="field">
        <span>Grace period, seconds</span>
        <input
          type="number"
          min={0}
          placeholder="as the pod says"
          disabled={force}
          value={grace}
          onInput={(event) => set_grace(event.currentTarget.value)}
        />
      </label>
      <label class="check">
        <input type="checkbox" checked={force} onChange={(event) => set_force(event.currentTarget.checked)} />
        <span>At once, without waiting for its node. Its processes may still run there.</span>
      </label>
    </fieldset>
  );
}
