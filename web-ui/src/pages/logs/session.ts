// What a page of logs holds: the streams of its pods' containers, merged into one ring, and what the page shows of it.
// Lines are taken as they come and handed on once a frame of the screen, so that 20,000 a second cost a few
// milliseconds of each.
import { signal, type Signal } from "@preact/signals";
import type { Row } from "../../live/protocol";
import type { ParsedLine } from "./parse";
import { follow_log, type StreamState } from "./stream";
import { LogRing, type Line } from "./timeline";
import { ASKING_MAX, FOLLOWED_MAX, Turns } from "./turns";

export const STREAMS_MAX = 12; // logs at once: more are more than a reader and a browser take
const PENDING_MAX = 5000; // lines that wait for a frame: a hidden tab has none
const HIDDEN_MS = 200; // how often a hidden tab takes what came

export interface Choice {
  container?: string; // undefined: all but init containers
  previous: boolean;
  since_seconds?: number;
  tail_lines: number;
}

export interface Source {
  index: number; // its colour
  ns: string;
  pod: string;
  container: string;
  state: StreamState;
  message?: string;
}

export class LogSession {
  readonly ring = new LogRing();
  readonly version: Signal<number> = signal(0); // what is shown has changed
  readonly sources: Signal<Source[]> = signal([]);
  readonly cut: Signal<number> = signal(0); // containers that are not shown, for there are too many
  arrived = 0; // lines shown that came so far: for "312 new"
  private readonly ends = new Map<string, () => void>();
  private readonly over = new Set<string>(); // pods that have ended
  private readonly last_keys = new Map<number, string>();
  private pending: Line[] = [];
  private next_line = 0;
  private next_source = 0;
  private planned = false;
  private ended = false;
  private readonly turns = new Turns(ASKING_MAX);
  private followed = 0;

  constructor(private readonly choice: Choice) {}

  // The pods of this moment. New ones are followed, those that are gone keep their lines.
  follow(rows: Row[]): void {
    const wanted = rows.flatMap((row) => containers_of(row, this.choice).map((container) => ({ row, container })));
    const chosen = choose(wanted);
    this.cut.value = wanted.length - chosen.length;
    for (const row of rows) {
      if (["Succeeded", "Failed"].includes(row.x?.phase)) this.over.add(row.u);
    }
    const keys = new Set(chosen.map(({ row, container }) => `${row.u} ${container}`));
    for (const [key, end] of this.ends) {
      if (keys.has(key)) continue;
      end();
      this.ends.delete(key);
    }
    for (const { row, container } of chosen) this.open(row, container);
  }

  private open(row: Row, container: string): void {
    const key = `${row.u} ${container}`;
    if (this.ends.has(key)) return;
    const index = this.next_source++;
    const source: Source = { index, ns: row.s ?? "", pod: row.n, container, state: "connecting" };
    this.sources.value = [...this.sources.value, source];
    const followed = this.followed < FOLLOWED_MAX;
    if (followed) this.followed++;
    const stop = follow_log(
      { ...this.choice, ns: source.ns, pod: source.pod, container, turns: followed ? undefined : this.turns },
      {
        lines: (lines) => this.take(index, lines),
        state: (state, message) => this.set_state(index, state, message),
        over: () => this.over.has(row.u),
      },
    );
    this.ends.set(key, () => {
      stop();
      if (followed) this.followed--;
      this.set_state(index, "ended");
    });
  }

  private set_state(index: number, state: StreamState, message?: string): void {
    this.sources.value = this.sources.value.map((one) => (one.index === index ? { ...one, state, message } : one));
  }

  private take(source: number, lines: ParsedLine[]): void {
    if (this.ended) return;
    let last = this.last_keys.get(source) ?? "";
    for (const { key, text } of lines) {
      last = key || last;
      this.pending.push({ id: this.next_line++, key: last, source, text });
    }
    this.last_keys.set(source, last);
    if (this.pending.length > PENDING_MAX) this.flush();
    if (this.planned) return;
    this.planned = true;
    if (document.visibilityState === "hidden") setTimeout(() => this.paint(), HIDDEN_MS);
    else requestAnimationFrame(() => this.paint());
  }

  private flush(): void {
    const batch = this.pending;
    this.pending = [];
    this.arrived += this.ring.add(batch);
  }

  private paint(): void {
    this.planned = false;
    if (this.ended) return;
    this.flush();
    this.version.value++;
  }

  set_filter(filter: ((line: Line) => boolean) | null): void {
    this.ring.set_filter(filter);
    this.version.value++;
  }

  source_of(line: Line): Source | undefined {
    return this.sources.value[line.source];
  }

  end(): void {
    this.ended = true;
    for (const end of this.ends.values()) end();
    this.ends.clear();
  }
}

export function containers_of(row: Row, choice: Pick<Choice, "container">): string[] {
  const all = [...((row.x?.containers as string[]) ?? []), ...((row.x?.init as string[]) ?? [])];
  if (choice.container) return all.includes(choice.container) ? [choice.container] : [];
  return (row.x?.containers as string[]) ?? [];
}

// The youngest pods win: what a rollout starts is what one wants to see.
function choose<T extends { row: Row }>(wanted: T[]): T[] {
  if (wanted.length <= STREAMS_MAX) return wanted;
  return [...wanted].sort((a, b) => b.row.t - a.row.t).slice(0, STREAMS_MAX);
}
