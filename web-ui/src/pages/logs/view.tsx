// The lines on the screen: never more of them than fit, whatever the log holds. At its end the view follows what comes;
// scrolled up it stands still and counts.
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { parse_ansi } from "./ansi";
import { level_of } from "./level";
import type { LogSession } from "./session";
import type { Line, Timeline } from "./timeline";
import { at_end, block_top, END, ROW_PX, rows_around, scrolled, SHOWN_CHARS, SMALL, type Anchor } from "./window";

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
  const { session, wrap } = props;
  session.version.value;
  const scroller = useRef<HTMLDivElement>(null);
  const [height, set_height] = useState(400);
  useEffect(() => {
    const element = scroller.current!;
    const resized = new ResizeObserver(() => set_height(element.clientHeight));
    resized.observe(element);
    return () => resized.disconnect();
  }, []);
  const lines = session.ring.shown;
  const whole = wrap && lines.length <= SMALL;
  const { anchor, on_scroll } = useAnchor(props, scroller, height, whole);
  const block = useRef<HTMLDivElement>(null);
  const rows = whole ? { from: 0, to: lines.length } : rows_around(anchor, lines.length, height);

  useLayoutEffect(() => {
    if (whole) return;
    const element = block.current!;
    const row = element.children[Math.floor(anchor.at) - rows.from] as HTMLElement | undefined;
    const all = element.offsetHeight;
    const px = { before: row ? row.offsetTop : all, own: row?.offsetHeight ?? 0, all };
    element.style.transform = `translateY(${block_top(anchor, rows, lines.length, height, px)}px)`;
  });

  return (
    <div
      ref={scroller}
      class={`log-scroller ${wrap ? "wrap" : ""}`}
      tabIndex={0}
      role="region"
      aria-label="Log lines"
      onScroll={on_scroll}
    >
      <div class="log-height" style={{ height: whole ? "auto" : `${Math.max(lines.length * ROW_PX, height)}px` }}>
        <div class={whole ? undefined : "log-lines"} style={{ height: whole ? "auto" : `${height}px` }}>
          <div class="log-block" ref={block} key={whole ? "whole" : "part"}>
            {lines.slice(rows.from, rows.to).map((line) => (
              <LogLine key={line.id} line={line} {...props} />
            ))}
          </div>
        </div>
      </div>
    </div>
  );
}

// An anchor by its line: others may come before it, from a pod that is late.
interface Held {
  line: Line | undefined;
  plus: number;
  y: number;
}
function hold(lines: Timeline, { at, y }: Anchor): Held {
  const index = Math.max(0, Math.min(Math.floor(at), lines.length - 1));
  return { line: lines.at(index), plus: at - index, y };
}

// What the view hangs on. Following it is the end; else it moves by the user's hand alone, and with what is dropped.
function useAnchor(props: LogViewProps, scroller: RefObject<HTMLDivElement>, height: number, whole: boolean) {
  const { session, follow, set_follow } = props;
  const ring = session.ring;
  const length = ring.shown.length;
  const held = useRef<Held>({ line: undefined, plus: 0, y: 0 });
  const placed = useRef(-1); // where this component scrolled to itself
  const last = useRef(0);
  const dropped = useRef(ring.dropped_shown);
  const [, set_tick] = useState(0);
  if (follow) held.current = hold(ring.shown, END(length, height));
  const { line, plus, y } = held.current;
  const anchor = line ? { at: Math.min(length, ring.shown.index_of(line) + plus), y } : { at: 0, y: 0 };

  useLayoutEffect(() => {
    const element = scroller.current!;
    const gone = ring.dropped_shown - dropped.current;
    dropped.current = ring.dropped_shown;
    if (follow) element.scrollTop = element.scrollHeight;
    else if (gone > 0 && !whole) element.scrollTop = Math.max(0, element.scrollTop - gone * ROW_PX);
    else return;
    placed.current = last.current = element.scrollTop;
  });

  const on_scroll = () => {
    if (!scroller.current) return; // the page is another one already
    const { scrollTop: top, clientHeight, scrollHeight: full } = scroller.current;
    if (Math.abs(top - placed.current) < 1) return;
    const view = { top, height: clientHeight, full };
    held.current = hold(ring.shown, scrolled(anchor, top - last.current, length, view));
    placed.current = -1;
    last.current = top;
    set_follow(at_end(view));
    set_tick((n) => n + 1);
  };
  return { anchor, on_scroll };
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
