// Over the page, which keeps all its state, when the session has ended; it goes by itself when there is a new one.
import { useEffect, useId, useRef } from "preact/hooks";
import { session_over } from "../api/request";
import { session } from "../api/session";
import { Copy } from "../ui/copy";

const COMMAND = "appliance dashboard";

export function SignInSteps() {
  return (
    <p>
      Run <code>{COMMAND}</code> <Copy text={COMMAND} label="Copy the command" /> on a server of the cluster and open
      the link that it prints. The link is good for a minute, once.
    </p>
  );
}

function Overlay() {
  const dialog = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    dialog.current!.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby={title} onCancel={(event) => event.preventDefault()}>
      <div class="dialog-frame">
        <header class="dialog-head">
          <h2 id={title}>Your session has ended</h2>
        </header>
        <div class="dialog-body">
          <SignInSteps />
          <p class="muted">This page stays as it is and goes on as soon as the link is open, in whichever tab.</p>
        </div>
      </div>
    </dialog>
  );
}

export function SessionOver() {
  return session.value && session_over.value ? <Overlay /> : null;
}
