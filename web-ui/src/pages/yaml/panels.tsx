// What stands beside or instead of the editor: that the object changed meanwhile, what an apply would do, and a conflict.
import { Diff } from "../../ui/diff/view";
import { open_dialog } from "../../ui/dialog";
import { desired } from "./scan";

interface ChangedBarProps {
  base: string;
  theirs: string;
  take_over: () => void;
}
export function ChangedBar({ base, theirs, take_over }: ChangedBarProps) {
  const show = () =>
    open_dialog(
      () => (
        <div class="dialog-body">
          <Diff before={desired(base)} after={desired(theirs)} label="What was changed meanwhile" />
        </div>
      ),
      { title: "Changed meanwhile", wide: true },
    );
  return (
    <div class="bar" role="status">
      <span>The object has changed since you began. Your edits are kept.</span>
      <span class="actions">
        <button type="button" onClick={show}>
          Show
        </button>
        <button type="button" onClick={take_over}>
          Take mine over it
        </button>
      </span>
    </div>
  );
}

export const changes_nothing = (before: string, result: string): boolean => desired(before) === desired(result);

// Computed by the server: defaults and what it refuses to change are in it.
export const ReviewPanel = ({ before, result }: { before: string; result: string }) => (
  <div class="yaml-panel">
    {changes_nothing(before, result) ? (
      <p role="status">Applying would change nothing: what was edited is not for people to set, or is what it was.</p>
    ) : (
      <Diff before={desired(before)} after={desired(result)} label="What applying does" />
    )}
  </div>
);

export function ConflictPanel({ base, mine, theirs }: { base: string; mine: string; theirs: string }) {
  return (
    <div class="yaml-panel">
      <p role="alert">
        Somebody changed the object while you edited it. Taken over theirs, your edits stand where both changed the same
        lines; everything else of theirs is kept.
      </p>
      <Diff before={desired(base)} after={desired(theirs)} label="What they changed" />
      <Diff before={desired(base)} after={desired(mine)} label="What you changed" />
    </div>
  );
}
