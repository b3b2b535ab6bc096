// Logs of a pod, or of all pods of a workload merged by time: /ui/logs/<kind>/<ns>/<name>.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { kubectl_of_list, kubectl_of_logs } from "../api/actions";
import { KINDS } from "../api/kinds";
import { is_typing, useKeys } from "../ui/keys";
import { copy_text, Kubectl } from "../ui/copy";
import { open_dialog } from "../ui/dialog";
import { object_href, shell_href } from "../ui/link";
import { use_actions } from "../ui/palette";
import { Empty, Failed, Loading } from "../ui/state";
import { toast } from "../ui/toast";
import { route } from "../router";
import { download } from "./logs/download";
import { Foot } from "./logs/foot";
import { filter_of, options_of, short_names, tail_of } from "./logs/options";
import { PodSet } from "./logs/pods";
import { LogSession } from "./logs/session";
import type { Line } from "./logs/timeline";
import { toggle, Toolbar } from "./logs/toolbar";
import { LogText, LogView } from "./logs/view";
import "./logs/logs.css";
import "./fill.css";

export default function Logs() {
  const [kind = "", ns = "", name = ""] = route.value.parts;
  if (!kind || !ns || !name) return <Choose />;
  return <LogsOf key={`${kind}/${ns}/${name}`} kind={kind} ns={ns} name={name} />;
}

const Choose = () => (
  <section class="page">
    <h1>Logs</h1>
    <Empty teach="kubectl logs -f deployment/NAME --all-pods">
      Choose a pod or a workload and press <kbd>l</kbd>: its logs are shown here as they are written.
    </Empty>
  </section>
);

// One session for as long as what is asked of the server stays the same.
function useSession(kind: string, ns: string, name: string, asked: string) {
  const [pods] = useState(() => new PodSet(kind, ns, name));
  const [session, set_session] = useState<LogSession | null>(null);
  useEffect(() => () => pods.end(), []);
  useEffect(() => {
    const options = options_of(route.peek().query);
    const made = new LogSession({
      container: options.container,
      previous: options.previous,
      ...tail_of(options.since),
    });
    const stop = pods.state.subscribe(({ rows }) => made.follow(rows));
    set_session(made);
    return () => {
      stop();
      made.end();
    };
  }, [asked]);
  return { pods: pods.state.value, session };
}

function LogsOf({ kind, ns, name }: { kind: string; ns: string; name: string }) {
  const options = options_of(route.value.query);
  const asked = [options.container, options.previous, options.since].join("\n");
  const { pods, session } = useSession(kind, ns, name, asked);
  const o = { kind, ns, name };
  const containers = [...new Set(pods.rows.flatMap((row) => [...(row.x?.containers ?? []), ...(row.x?.init ?? [])]))];
  const command = kubectl_of_logs(o, {
    ...options,
    all: containers.length > 1,
    follow: true,
  });
  return (
    <section class="fill-page">
      <header class="page-head">
        <h1>
          Logs of{" "}
          <a href={object_href(kind, ns, name)}>
            {KINDS[kind]?.one ?? kind} <bdi>{name}</bdi>
          </a>
        </h1>
        <div class="actions">
          {kind === "pods" && (
            <a class="button" href={shell_href(ns, name, { container: options.container })}>
              Shell
            </a>
          )}
          <Kubectl command={command} />
        </div>
      </header>
      {pods.error ? (
        <Failed error={pods.error} />
      ) : !session || (!pods.synced && !pods.rows.length) ? (
        <Loading />
      ) : !pods.rows.length && !session.sources.value.length ? (
        <Empty teach={kubectl_of_list("pods", ns)}>
          {kind === "pods" ? "There is no such pod." : "It has no pods at this moment. Their logs will appear here."}
        </Empty>
      ) : (
        <LogPanel session={session} options={options} containers={containers} title={name} pods={pods.rows.length} />
      )}
    </section>
  );
}

interface PanelProps {
  session: LogSession;
  options: ReturnType<typeof options_of>;
  containers: string[];
  title: string;
  pods: number;
}

function LogPanel({ session, options, containers, title, pods }: PanelProps) {
  const [follow, set_follow] = useState(true);
  const paused_at = useRef(0);
  const filter_field = useRef<HTMLInputElement>(null);
  const filter = useMemo(() => filter_of(options.text, options.regex), [options.text, options.regex]);
  useEffect(() => session.set_filter(filter.test), [session, filter]);
  const sources = session.sources.value;
  const names = useMemo(() => source_names(sources), [sources.length]);
  const change_follow = (on: boolean) => {
    if (!on && follow) paused_at.current = session.arrived;
    set_follow(on);
  };
  const save = () => download(session, options, names, title);
  const share = async () => {
    if (await copy_text(location.href)) toast({ kind: "ok", text: "The link shows these logs with this filter" });
  };
  useKeys({
    "/": { label: "Filter lines", run: () => filter_field.current?.focus() },
    f: { label: "Follow or pause", run: () => change_follow(!follow) },
    t: { label: "Times", run: () => toggle("ts", options.timestamps) },
    w: { label: "Wrap lines", run: () => toggle("wrap", options.wrap, "0") },
    p: { label: "Previous container", run: () => toggle("previous", options.previous) },
  });
  use_actions([
    { label: "Download these logs", run: save },
    { label: "Copy a link to these logs", run: () => void share() },
  ]);
  const open_line = (line: Line) =>
    void open_dialog(() => <WholeLine line={line} />, { title: "The whole line", wide: true });
  return (
    <>
      <Toolbar
        options={options}
        containers={containers}
        merged={containers.length > 1}
        filter_error={filter.error}
        filter_ref={filter_field}
      />
      <div class="log-frame" onKeyDown={(event) => scroll_keys(event, change_follow)}>
        <LogView
          {...{ session, names, follow, open_line }}
          timestamps={options.timestamps}
          wrap={options.wrap}
          set_follow={change_follow}
        />
        {!follow && <Resume session={session} since={paused_at.current} resume={() => change_follow(true)} />}
      </div>
      <footer class="page-foot">
        <Foot session={session} filtered={!!filter.test} pods={pods} />
        <div class="actions">
          <button type="button" aria-pressed={follow} class="toggle" onClick={() => change_follow(!follow)} title="f">
            Follow
          </button>
          <button type="button" onClick={save}>
            Download
          </button>
          <button type="button" onClick={() => void share()}>
            Copy link
          </button>
        </div>
      </footer>
    </>
  );
}

// End follows; everything else that scrolls is the browser's.
function scroll_keys(event: KeyboardEvent, follow: (on: boolean) => void): void {
  if (is_typing(event.target)) return;
  if (event.key === "End") follow(true);
  else if (["Home", "PageUp", "ArrowUp"].includes(event.key)) follow(false);
}

function Resume({ session, since, resume }: { session: LogSession; since: number; resume: () => void }) {
  session.version.value;
  const fresh = session.arrived - since;
  return (
    <button type="button" class="log-resume primary" onClick={resume}>
      {fresh > 0 ? `${fresh.toLocaleString("en")} new` : "Paused"} ↓
    </button>
  );
}

const WholeLine = ({ line }: { line: Line }) => (
  <div class="dialog-body">
    <pre class="whole-line" tabIndex={0} role="region" aria-label="The line">
      <LogText text={line.text} />
    </pre>
  </div>
);

// One alone needs no name; several pods are told apart by what differs, several containers by theirs.
function source_names(sources: { pod: string; container: string }[]): string[] {
  if (sources.length < 2) return [];
  const pods = short_names(sources.map((one) => one.pod));
  const several_pods = new Set(pods).size > 1;
  const several_containers = new Set(sources.map((one) => one.container)).size > 1;
  return sources.map((one, i) =>
    [several_pods && pods[i], (several_containers || !several_pods) && one.container].filter(Boolean).join(" "),
  );
}
