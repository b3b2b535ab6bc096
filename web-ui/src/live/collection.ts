// Collections: the rows of one subscription, kept by uid. `version` counts what changed; who reads it is painted anew,
// once a frame of the screen at most. Shared between all users of an equal query; the last one's going ends it a little
// later, so that going back finds the rows still there.
import { signal, type Signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { Column, Query, Row, ServerFrame, Status } from "./protocol";
import { share } from "./share";
import { subscribe } from "./stream";

const LINGER_MS = 10_000;
const LINGERING_MAX = 8; // of the 32 subscriptions that a tab may have
const TOUCHED_SPARE = 1000; // gone uids that a record may hold before "everything" is the shorter one

// What changed since somebody last looked: these uids, or everything.
export interface Touched {
  all: boolean;
  uids: Set<string>;
}

export class Collection {
  rows: Map<string, Row> = new Map();
  readonly version: Signal<number> = signal(0); // read it (.value) in what shows rows
  columns: Column[] = [];
  synced = false; // has been complete once; stays so while the state comes anew
  stale = false; // the rows are those of before the connection was lost
  total = 0;
  problems = 0;
  error: Status | null = null;

  private coming: Map<string, Row> | null = null; // the state that will replace `rows` when it is complete
  private watchers = new Set<Touched>();
  private planned = false;

  apply(frame: ServerFrame): void {
    if (frame.reset) this.begin_anew();
    if (frame.columns && JSON.stringify(frame.columns) !== JSON.stringify(this.columns)) this.columns = frame.columns;
    const rows = this.coming ?? this.rows;
    for (const list of [frame.rows, frame.up])
      for (const row of list ?? []) {
        rows.set(row.u, share(this.rows.get(row.u), row));
        this.mark(row.u);
      }
    for (const uid of frame.del ?? []) {
      rows.delete(uid);
      this.mark(uid);
    }
    if (frame.synced) this.complete();
    if (frame.total !== undefined) this.total = frame.total;
    if (frame.problems !== undefined) this.problems = frame.problems;
    if (frame.error) this.refuse(frame.error);
    if (!this.coming || frame.reset || frame.error) this.touch();
  }

  // A record of what changes from now on; give it back to unwatch().
  watch(): Touched {
    const touched: Touched = { all: true, uids: new Set() };
    this.watchers.add(touched);
    return touched;
  }
  unwatch(touched: Touched): void {
    this.watchers.delete(touched);
  }

  // Becomes what all of `parts` hold together.
  join(parts: Collection[]): void {
    const rows = new Map<string, Row>();
    for (const part of parts) for (const [uid, row] of part.rows) rows.set(uid, row);
    for (const [uid, row] of rows) if (this.rows.get(uid) !== row) this.mark(uid);
    for (const uid of this.rows.keys()) if (!rows.has(uid)) this.mark(uid);
    this.rows = rows;
    this.columns = parts.find((part) => part.columns.length > 0)?.columns ?? [];
    this.synced = parts.every((part) => part.synced);
    this.stale = parts.some((part) => part.stale);
    this.error = parts.find((part) => part.error)?.error ?? null;
    this.total = rows.size;
    this.problems = 0;
    for (const row of rows.values()) if (row.v) this.problems++;
    this.version.value = this.version.peek() + 1;
  }

  // The old rows stay on display until the new ones are all there, also when the old ones never were.
  private begin_anew(): void {
    this.error = null;
    this.stale = this.rows.size > 0;
    this.coming = this.synced || this.stale ? new Map() : null;
  }

  private complete(): void {
    this.synced = true;
    this.stale = false;
    if (!this.coming) return;
    // Rows that did not change keep their identity: they are not painted again.
    for (const [uid, row] of this.coming) {
      const before = this.rows.get(uid);
      if (before && JSON.stringify(before) === JSON.stringify(row)) this.coming.set(uid, before);
    }
    this.rows = this.coming;
    this.coming = null;
    this.mark_all();
  }

  private refuse(error: Status): void {
    this.error = error;
    this.coming = null;
    this.stale = this.synced;
    const gone = error.code === 401 || error.code === 403 || error.code === 404;
    if (!gone) return;
    this.rows = new Map(); // what one may not see any more is not shown any more
    this.synced = this.stale = false;
    this.total = this.problems = 0;
    this.mark_all();
  }

  private mark(uid: string): void {
    if (this.coming) return;
    for (const touched of this.watchers) {
      if (touched.all) continue;
      touched.uids.add(uid);
      if (touched.uids.size > this.rows.size + TOUCHED_SPARE) mark_everything(touched);
    }
  }

  private mark_all(): void {
    for (const touched of this.watchers) mark_everything(touched);
  }

  private touch(): void {
    if (this.planned) return;
    this.planned = true;
    const paint = () => {
      this.planned = false;
      this.version.value++;
    };
    // A hidden tab has no frames: its data is kept up all the same.
    if (document.visibilityState === "hidden") setTimeout(paint, 0);
    else requestAnimationFrame(paint);
  }
}

function mark_everything(touched: Touched): void {
  touched.all = true;
  touched.uids.clear();
}

interface Shared {
  collection: Collection;
  users: number;
  end: () => void;
  going?: ReturnType<typeof setTimeout>;
}
const shared = new Map<string, Shared>();

const key_of = (query: Query) =>
  JSON.stringify(
    Object.entries(query)
      .filter(([, value]) => value !== undefined && value !== "")
      .sort(),
  );

export function acquire(query: Query): { collection: Collection; release: () => void } {
  const key = key_of(query);
  let entry = shared.get(key);
  if (!entry) {
    const collection = new Collection();
    entry = { collection, users: 0, end: subscribe(query, (frame) => collection.apply(frame)) };
    shared.set(key, entry);
  }
  const mine = entry;
  clearTimeout(mine.going);
  mine.users++;
  let released = false;
  return {
    collection: mine.collection,
    release: () => {
      if (released) return;
      released = true;
      if (--mine.users === 0) let_go(key, mine);
    },
  };
}

function let_go(key: string, entry: Shared): void {
  const end = () => {
    entry.end();
    if (shared.get(key) === entry) shared.delete(key);
  };
  const lingering = [...shared.values()].filter((other) => other.users === 0).length;
  if (lingering > LINGERING_MAX || entry.collection.error) end();
  else entry.going = setTimeout(end, LINGER_MS);
}

// The collection of this query while the component is there; null: no query.
export function useCollection(query: Query | null): Collection {
  const key = query ? key_of(query) : "";
  const [held, set_held] = useState<{ key: string; collection: Collection }>({ key: "", collection: EMPTY });
  useEffect(() => {
    if (!query) return set_held({ key, collection: EMPTY });
    const { collection, release } = acquire(query);
    set_held({ key, collection });
    return release;
  }, [key]);
  if (held.key === key) return held.collection;
  return shared.get(key)?.collection ?? EMPTY; // at once, if it is there already
}
const EMPTY = new Collection();

export { SAMPLES, useUsage, type Series } from "./usage";
