// Below the lines: how many there are, what is not shown and why, and what each stream is doing.
import { useEffect, useState } from "preact/hooks";
import type { LogSession, Source } from "./session";
import { STREAMS_MAX } from "./session";
import { LINES_MAX } from "./timeline";

const LOOK_MS = 250;

const number = (value: number) => value.toLocaleString("en");

// Counted a few times a second and not at every frame: nobody reads faster, and screen readers would never end.
function useNow(session: LogSession): void {
  const [, set_shown] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => set_shown(session.version.peek()), LOOK_MS);
    return () => clearInterval(timer);
  }, [session]);
}

export function Foot({ session, filtered, pods }: { session: LogSession; filtered: boolean; pods: number }) {
  useNow(session);
  const sources = session.sources.value;
  const { ring } = session;
  const cut = session.cut.value;
  return (
    <div class="log-foot">
      <span>
        {filtered && `${number(ring.shown.length)} of `}
        {number(ring.all.length)} lines
      </span>
      {ring.dropped > 0 && (
        <span title={`The last ${number(LINES_MAX)} lines or 16 MB are kept`}>{number(ring.dropped)} dropped</span>
      )}
      {pods > 1 && <span>{pods} pods</span>}
      {cut > 0 && (
        <span class="warn-text">
          {STREAMS_MAX} of {STREAMS_MAX + cut} containers are followed
        </span>
      )}
      <StreamStates sources={sources} />
    </div>
  );
}

function StreamStates({ sources }: { sources: Source[] }) {
  const count = (state: Source["state"]) => sources.filter((one) => one.state === state).length;
  const waiting = sources.filter((one) => one.state === "waiting" || one.state === "connecting");
  const refused = sources.filter((one) => one.state === "refused");
  return (
    <>
      {count("live") > 0 && <span class="live">following{sources.length > 1 ? ` ${count("live")}` : ""}</span>}
      {waiting.length > 0 && <span>waiting for {waiting.length === 1 ? "the log" : `${waiting.length} logs`}</span>}
      {count("ended") > 0 && (
        <span>{count("ended") === 1 ? "one log is at its end" : `${count("ended")} have ended`}</span>
      )}
      {[...waiting, ...refused].slice(0, 3).map(
        (one) =>
          one.message && (
            <span key={one.index} class="warn-text" role="alert">
              <bdi>{one.pod}</bdi>: <bdi>{one.message}</bdi>
            </span>
          ),
      )}
    </>
  );
}
