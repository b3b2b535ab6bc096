// One container's log, as long as somebody looks: a fetch whose body is read line by line, followed or asked for again
// and again. It goes on after the server was away, the container restarted or the tab was hidden: from the last line on
// and without double ones.
import { path_of, send, session_over, StatusError } from "../../api/request";
import { LineParser, Resume, type ParsedLine } from "./parse";
import { LINES_MAX } from "./timeline";
import { shown, while_shown, type Turns } from "./turns";

export interface LogTarget {
  ns: string;
  pod: string;
  container?: string;
  previous: boolean;
  since_seconds?: number;
  tail_lines: number;
  turns?: Turns; // asked in turn; absent: followed
}

export type StreamState = "connecting" | "live" | "waiting" | "ended" | "refused";

export interface StreamEvents {
  lines: (lines: ParsedLine[]) => void;
  state: (state: StreamState, message?: string) => void;
  over: () => boolean; // the pod has ended: nothing more will come
}

const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 5000;
const ASK_AGAIN_MS = 1000;
const SLICE_MS = 8; // of parsing, before the screen gets its turn
const FINAL = new Set([403, 404]); // the server will not change its mind by being asked again

export function log_query(target: LogTarget, since: string | undefined): Record<string, string | number | undefined> {
  return {
    container: target.container,
    timestamps: "true",
    previous: target.previous ? "true" : undefined,
    follow: target.previous || target.turns ? undefined : "true",
    ...(since
      ? { sinceTime: since, tailLines: LINES_MAX }
      : { sinceSeconds: target.since_seconds, tailLines: target.tail_lines }),
  };
}

// Returns what ends it.
export function follow_log(target: LogTarget, events: StreamEvents): () => void {
  const abort = new AbortController();
  void run(target, events, abort.signal);
  return () => abort.abort();
}

type End = "done" | "hidden" | "signed out" | "broken" | "refused";

async function run(target: LogTarget, events: StreamEvents, signal: AbortSignal): Promise<void> {
  const resume = new Resume();
  let retry_ms = RETRY_FIRST_MS;
  events.state("connecting");
  for (;;) {
    await shown(signal);
    const over = events.over(); // before it is read: what ends while it is read may have said more
    const came = { lines: false };
    const end = signal.aborted ? "refused" : await one_round(target, resume, events, signal, came);
    if (signal.aborted || end === "refused") return;
    if (end === "done" && (target.previous || over)) return events.state("ended");
    if (end === "hidden") continue;
    if (end === "signed out") await signed_in(signal);
    if (came.lines || end === "done") retry_ms = RETRY_FIRST_MS;
    const polled = end === "done" && target.turns;
    if (end === "done" && !target.turns) events.state("waiting");
    await pass(polled ? ASK_AGAIN_MS : retry_ms, signal);
    if (!polled) retry_ms = Math.min(retry_ms * 2, RETRY_MAX_MS);
  }
}

async function one_round(
  target: LogTarget,
  resume: Resume,
  events: StreamEvents,
  signal: AbortSignal,
  came: { lines: boolean },
): Promise<End> {
  const turn_over = await target.turns?.take();
  if (signal.aborted) {
    turn_over?.();
    return "refused";
  }
  const looked_at = while_shown(signal);
  try {
    await read_once(target, resume, events, looked_at.signal, came);
    return "done";
  } catch (error) {
    if (looked_at.signal.aborted) return "hidden";
    const code = error instanceof StatusError ? error.status.code : 0;
    const refused = FINAL.has(code) || (code === 400 && target.previous);
    events.state(refused ? "refused" : "waiting", code ? (error as Error).message : undefined);
    return refused ? "refused" : code === 401 ? "signed out" : "broken";
  } finally {
    looked_at.end();
    turn_over?.();
  }
}

async function read_once(
  target: LogTarget,
  resume: Resume,
  events: StreamEvents,
  signal: AbortSignal,
  came: { lines: boolean },
): Promise<void> {
  const path = path_of({ kind: "pods", ns: target.ns, name: target.pod, sub: "log" });
  const query = log_query(target, resume.begin_again());
  const response = await send("GET", path, { query, accept: "*/*", signal });
  events.state("live");
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  const parser = new LineParser();
  const hand_on = (lines: ParsedLine[]) => {
    const fresh = lines.filter((line) => resume.keep(line));
    if (!fresh.length) return;
    came.lines = true;
    events.lines(fresh);
  };
  let slice_end = performance.now() + SLICE_MS;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return hand_on(parser.end());
    hand_on(parser.push(decoder.decode(value, { stream: true })));
    if (performance.now() < slice_end) continue;
    await pass(0, signal);
    slice_end = performance.now() + SLICE_MS;
  }
}

// Resolves when there is a session again, or nobody waits.
function signed_in(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (session_over.peek() && !signal.aborted) return;
      signal.removeEventListener("abort", look);
      queueMicrotask(() => stop());
      resolve();
    };
    signal.addEventListener("abort", look);
    const stop = session_over.subscribe(look);
  });
}

function pass(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
