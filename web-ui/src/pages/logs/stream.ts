// One container's log, as long as somebody looks: a fetch whose body is read line by line. It comes back by itself after
// the server went away or the container restarted, from the last line on and without double ones.
import { path_of, send, StatusError } from "../../api/request";
import { LineParser, Resume, type ParsedLine } from "./parse";

export interface LogTarget {
  ns: string;
  pod: string;
  container?: string;
  previous: boolean;
  since_seconds?: number;
  tail_lines: number;
}

export type StreamState = "connecting" | "live" | "waiting" | "ended" | "refused";

export interface StreamEvents {
  lines: (lines: ParsedLine[]) => void;
  state: (state: StreamState, message?: string) => void;
  over: () => boolean; // the pod has ended: nothing more will come
}

const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 5000;
const SLICE_MS = 8; // of parsing, before the screen gets its turn
const FINAL = new Set([401, 403, 404]); // the server will not change its mind by being asked again

export function log_query(target: LogTarget, since: string | undefined): Record<string, string | number | undefined> {
  return {
    container: target.container,
    timestamps: "true",
    ...(target.previous ? { previous: "true" } : { follow: "true" }),
    ...(since ? { sinceTime: since } : { sinceSeconds: target.since_seconds, tailLines: target.tail_lines }),
  };
}

// Returns what ends it.
export function follow_log(target: LogTarget, events: StreamEvents): () => void {
  const abort = new AbortController();
  void run(target, events, abort.signal);
  return () => abort.abort();
}

async function run(target: LogTarget, events: StreamEvents, signal: AbortSignal): Promise<void> {
  const resume = new Resume();
  let retry_ms = RETRY_FIRST_MS;
  while (!signal.aborted) {
    events.state("connecting");
    try {
      if (await read_once(target, resume.begin_again(), resume, events, signal)) retry_ms = RETRY_FIRST_MS;
      if (target.previous || events.over()) return events.state("ended");
      events.state("waiting");
    } catch (error) {
      if (signal.aborted) return;
      const code = error instanceof StatusError ? error.status.code : 0;
      if (FINAL.has(code) || (code === 400 && target.previous))
        return events.state("refused", (error as Error).message);
      events.state("waiting", code ? (error as Error).message : undefined);
    }
    await pass(retry_ms, signal);
    retry_ms = Math.min(retry_ms * 2, RETRY_MAX_MS);
  }
}

// Whether anything came.
async function read_once(
  target: LogTarget,
  since: string | undefined,
  resume: Resume,
  events: StreamEvents,
  signal: AbortSignal,
): Promise<boolean> {
  const path = path_of({ kind: "pods", ns: target.ns, name: target.pod, sub: "log" });
  const response = await send("GET", path, { query: log_query(target, since), accept: "*/*", signal });
  events.state("live");
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  const parser = new LineParser();
  const hand_on = (lines: ParsedLine[]) => {
    const fresh = lines.filter((line) => resume.keep(line));
    if (fresh.length) events.lines(fresh);
    return fresh.length > 0;
  };
  let came = false;
  let slice_end = performance.now() + SLICE_MS;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return hand_on(parser.end()) || came;
    came = hand_on(parser.push(decoder.decode(value, { stream: true }))) || came;
    if (performance.now() < slice_end) continue;
    await pass(0, signal);
    slice_end = performance.now() + SLICE_MS;
  }
}

function pass(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
