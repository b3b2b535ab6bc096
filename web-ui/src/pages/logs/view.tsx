// The lines on the screen: never more of them than fit, whatever the log holds. At its end the view follows what comes;
// scrolled up it stands still and counts.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { parse_ansi } from "./ansi";
import { level_of } from "./level";
import type { LogSession } from "./session";
import type { Line } from "./timeline";
import { at_end, ROW_PX, SHOWN_CHARS, window_of } from "./window";

export interface LogViewProps {
  session: LogSession;
  names: string[]; // of the sources; [] when there is one alone
  timestamps: boolean;
  wrap: boolean;
  follow: boolean;
  set_follow: (on: boolean) => void;
  open_line: (line: Line) => void;
}

export function LogView(props: LogViewProps) {
  const { session, follow, set_follow, wrap } = props;
  session.version.value;
  const scroller = useRef<HTMLDivElement>(null);
  const [height, set_height] = useState(400);
  const [top, set_top] = useState(0);
  const dropped = useRef(session.ring.dropped_shown);
  const placed = useRef(-1); // where this component scrolled to itself
  const lines = session.ring.shown;

  useEffect(() => {
    const element = scroller.current!;
    const resized = new ResizeObserver(() => set_height(element.clientHeight));
    resized.observe(element);
    return () => resized.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = scroller.current!;
    // What is looked at stays in its place when lines above it are dropped.
    const gone = session.ring.dropped_shown - dropped.current;
    dropped.current = session.ring.dropped_shown;
    if (follow) element.scrollTop = element.scrollHeight;
    else if (gone > 0) element.scrollTop = Math.max(0, element.scrollTop - gone * ROW_PX);
    else return;
    placed.current = element.scrollTop;
    set_top(element.scrollTop);
  });

  const on_scroll = () => {
    const { scrollTop, clientHeight, scrollHeight } = scroller.current!;
    set_top(scrollTop);
    if (Math.abs(scrollTop - placed.current) < 1) return;
    placed.current = -1;
    set_follow(at_end(scrollTop, clientHeight, scrollHeight));
  };

  const { from, to } = window_of(lines.length, follow, top, height);
  const short = lines.length * ROW_PX <= height;
  return (
    <div
      ref={scroller}
      class={`log-scroller ${wrap ? "wrap" : ""}`}
      tabIndex={0}
      role="region"
      aria-label="Log lines"
      onScroll={on_scroll}
    >
      <div class="log-height" style={{ height: `${Math.max(lines.length * ROW_PX, height)}px` }}>
        <div
          class={`log-lines ${follow && !short ? "from-bottom" : ""}`}
          style={{ height: `${height}px`, "--shift": follow || wrap ? "0px" : `${-(top % ROW_PX)}px` }}
        >
          {lines.slice(from, to).map((line) => (
            <LogLine key={line.id} line={line} {...props} />
          ))}
        </div>
      </div>
    </div>
  );
}

function LogLine({ line, names, timestamps, open_line }: { line: Line } & LogViewProps) {
  const level = level_of(line.text);
  const cut = line.text.length > SHOWN_CHARS;
  const name = names[line.source];
  return (
    <div class={`log-line ${level}`}>
      {name !== undefined && (
        <span class={`source s${line.source % 8}`} title={name}>
          <bdi>{name}</bdi>{" "}
        </span>
      )}
      {timestamps && line.key && <time>{line.key.slice(0, 23).replace("T", " ")} </time>}
      <LogText text={cut ? line.text.slice(0, SHOWN_CHARS) : line.text} />
      {cut && (
        <button type="button" class="rest" onClick={() => open_line(line)}>
          all {line.text.length.toLocaleString()} characters
        </button>
      )}
    </div>
  );
}

// Text alone, whatever is in it; a bdi keeps directions inside.
export function LogText({ text }: { text: string }) {
  return (
    <bdi class="text">
      {parse_ansi(text).map((span, i) =>
        span.cls ? (
          <span key={i} class={span.cls}>
            {span.text}
          </span>
        ) : (
          span.text
        ),
      )}
    </bdi>
  );
}
