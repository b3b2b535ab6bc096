// A shell in a container: /ui/shell/<ns>/<pod>?container=.
import { useEffect, useRef, useState } from "preact/hooks";
import { kubectl_of_exec, kubectl_of_list } from "../api/actions";
import { useCollection } from "../live/collection";
import { route, set } from "../router";
import { copy_text, Kubectl } from "../ui/copy";
import { logs_href, object_href } from "../ui/link";
import { Empty, Failed, Loading } from "../ui/state";
import { SHELLS } from "./shell/channels";
import { ShellSession, type ShellState } from "./shell/session";
import type { TerminalHandle } from "./shell/xterm";
import "./shell/shell.css";
import "./fill.css";

export default function Shell() {
  const [ns = "", pod = ""] = route.value.parts;
  if (!ns || !pod)
    return (
      <section class="page">
        <h1>Shell</h1>
        <Empty teach="kubectl exec -it POD -- sh">
          Choose a pod and press <kbd>s</kbd>: a shell of its container opens here.
        </Empty>
      </section>
    );
  return <ShellOf key={`${ns}/${pod}`} ns={ns} pod={pod} />;
}

function ShellOf({ ns, pod }: { ns: string; pod: string }) {
  const rows = useCollection({ kind: "pods", ns, name: pod });
  rows.version.value;
  const row = [...rows.rows.values()][0];
  const containers = (row?.x?.containers as string[] | undefined) ?? [];
  const container = route.value.query.container || containers[0];
  return (
    <section class="fill-page">
      <header class="page-head">
        <h1>
          Shell in{" "}
          <a href={object_href("pods", ns, pod)}>
            pod <bdi>{pod}</bdi>
          </a>
        </h1>
        <div class="actions">
          {containers.length > 1 && (
            <label>
              <span class="unseen">Container</span>
              <select value={container} onChange={(event) => set({ container: event.currentTarget.value })}>
                {containers.map((name) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
          )}
          <a class="button" href={logs_href(ns, pod, { container })}>
            Logs
          </a>
          <Kubectl command={kubectl_of_exec(ns, pod, container, SHELLS[0]!)} />
        </div>
      </header>
      {rows.error ? (
        <Failed error={rows.error} />
      ) : !rows.synced && !row ? (
        <Loading />
      ) : !row ? (
        <Empty teach={kubectl_of_list("pods", ns)}>There is no such pod.</Empty>
      ) : (
        <TerminalPanel key={`${row.u} ${container}`} ns={ns} pod={pod} container={container} />
      )}
    </section>
  );
}

// The program of the terminal and the session are made together and end together.
function useShell(ns: string, pod: string, container: string | undefined, leave: () => void) {
  const place = useRef<HTMLDivElement>(null);
  const session = useRef<ShellSession | null>(null);
  const terminal = useRef<TerminalHandle | null>(null);
  const [state, set_state] = useState<ShellState>({ is: "connecting" });
  const [failure, set_failure] = useState<unknown>(null);
  useEffect(() => {
    let over = false;
    const made = new ShellSession(
      { ns, pod, container },
      {
        output: (bytes) => terminal.current?.write(bytes),
        state: (next) => {
          set_state(next);
          if (next.is === "lost") terminal.current?.note("connection lost; a new shell begins when it is back");
          if (next.is === "ended") terminal.current?.note(ended_text(next));
        },
      },
    );
    session.current = made;
    import("./shell/xterm").then(({ open_terminal }) => {
      if (over || !place.current) return;
      terminal.current = open_terminal(place.current, `Terminal of ${pod}; Ctrl F6 leaves it`, {
        typed: (text) => made.type(text),
        typed_bytes: (text) => made.type_bytes(text),
        resized: (columns, rows) => made.resize(columns, rows),
        leave,
        copied: (text) => void copy_text(text),
      });
      terminal.current.focus();
      made.start();
    }, set_failure);
    return () => {
      over = true;
      made.end();
      terminal.current?.end();
    };
  }, []);
  return { place, session, terminal, state, failure };
}

const ended_text = (state: ShellState & { is: "ended" }): string =>
  state.exit.error ?? (state.exit.code ? `the shell ended with exit code ${state.exit.code}` : "the shell ended");

function TerminalPanel({ ns, pod, container }: { ns: string; pod: string; container?: string }) {
  const out = useRef<HTMLButtonElement>(null);
  const { place, session, terminal, state, failure } = useShell(ns, pod, container, () => out.current?.focus());
  const [aloud, set_aloud] = useState(false);
  const again = () => {
    session.current?.start();
    terminal.current?.focus();
  };
  return (
    <>
      {!!failure && <Failed error={failure} />}
      {state.is === "refused" && <Failed error={state.error} retry={again} />}
      {state.is === "no-shell" && (
        <Empty>
          The image of container <b>{container}</b> has no shell: neither bash, ash nor sh is in it.
        </Empty>
      )}
      <div class="terminal-place" ref={place} hidden={state.is === "no-shell"} />
      <footer class="page-foot">
        <p role="status">{STATE_TEXT[state.is](state as never)}</p>
        <p class="muted">
          <kbd>Ctrl</kbd> <kbd>F6</kbd> leaves the terminal
        </p>
        <div class="actions">
          <button
            type="button"
            class="toggle"
            aria-pressed={aloud}
            onClick={() => {
              set_aloud(!aloud);
              terminal.current?.read_aloud(!aloud);
            }}
          >
            Screen reader
          </button>
          <button type="button" ref={out} onClick={again}>
            {state.is === "open" ? "New shell" : "Connect again"}
          </button>
        </div>
      </footer>
    </>
  );
}

const STATE_TEXT: Record<ShellState["is"], (state: never) => string> = {
  connecting: () => "Connecting…",
  open: () => "Connected",
  lost: () => "Connection lost, trying again",
  ended: (state: ShellState & { is: "ended" }) => `Ended: ${ended_text(state)}`,
  "no-shell": () => "There is no shell",
  refused: () => "Refused",
};
