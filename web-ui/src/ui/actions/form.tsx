// The body of every action's dialog: what will happen, the command that does the same, the server's error in its place,
// and two buttons. Enter does it, Esc leaves.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { StatusError } from "../../api/request";
import type { Status } from "../../live/protocol";
import { Kubectl } from "../copy";
import { Failed } from "../state";

export const status_of_error = (error: unknown): Status =>
  error instanceof StatusError ? error.status : { code: 0, message: String((error as Error)?.message ?? error) };

export interface FormProps {
  verb: string;
  kubectl: string;
  close: () => void;
  run: () => Promise<unknown>;
  after?: () => void; // instead of closing
  danger?: boolean;
  ready?: boolean; // false: not yet to be pressed
  children?: ComponentChildren;
}

export function ActionForm({ verb, kubectl, close, run, after, danger, ready = true, children }: FormProps) {
  const [busy, set_busy] = useState(false);
  const [error, set_error] = useState<Status | null>(null);
  const [done, set_done] = useState(false);
  const submit = (event: Event) => {
    event.preventDefault();
    if (busy || !ready) return;
    set_busy(true);
    set_error(null);
    run().then(
      () => {
        set_busy(false);
        set_done(true);
        (after ?? close)();
      },
      (failure) => {
        set_busy(false);
        set_error(status_of_error(failure));
      },
    );
  };
  return (
    <form class="action-form" onSubmit={submit}>
      <div class="dialog-body">{children}</div>
      {error && <Failed error={error} />}
      <Kubectl command={kubectl} />
      <div class="dialog-buttons">
        <button type="button" onClick={close}>
          {done ? "Close" : "Cancel"}
        </button>
        <button type="submit" class={danger ? "danger" : "primary"} aria-busy={busy} disabled={busy || !ready}>
          {verb}
        </button>
      </div>
    </form>
  );
}
