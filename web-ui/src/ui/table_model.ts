// The rows of a table in order and filtered, kept up row by row: what one batch of updates costs does not depend on a
// new sort of everything. Pure: table.tsx shows it.
import type { Row } from "../live/protocol";
import type { Touched } from "../live/collection";
import { text_of, type Test } from "./table_filter";

export type SortKey = string | number;

export interface Entry {
  row: Row;
  key: SortKey;
  text: string; // what the filter looks in; "" until it is needed
  passes: boolean;
  gone: boolean; // deleted, and still shown because the order is held
}

export interface Order {
  key: (row: Row) => SortKey;
  descending: boolean;
}

const by_text = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

export function compare_keys(a: SortKey, b: SortKey): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a === "string" && typeof b === "string") return by_text(a, b);
  return typeof a === "number" ? -1 : 1;
}

export class View {
  shown: Entry[] = []; // what passes the filter, in order
  held = 0; // changes that wait until the order is let go

  private all: Entry[] = []; // in order
  private entries = new Map<string, Entry>();
  private waiting = new Set<string>();
  private order: Order = { key: () => "", descending: false };
  private test: Test | null = null;

  sort(order: Order): void {
    this.order = order;
    for (const entry of this.all) entry.key = order.key(entry.row);
    this.all.sort(this.compare);
    this.select();
  }

  filter(test: Test | null): void {
    this.test = test;
    for (const entry of this.all) entry.passes = this.judge(entry);
    this.select();
  }

  // Takes what changed from the record. `hold`: rows change in their places, none comes, goes or moves.
  update(rows: Map<string, Row>, touched: Touched, hold: boolean): void {
    if (touched.all) {
      this.load(rows);
    } else if (touched.uids.size > 0 || (!hold && this.waiting.size > 0)) {
      const uids = new Set(touched.uids);
      if (!hold) for (const uid of this.waiting) uids.add(uid);
      if (!hold) this.waiting.clear();
      this.change(rows, uids, hold);
    }
    touched.all = false;
    touched.uids.clear();
    this.held = this.waiting.size;
  }

  private load(rows: Map<string, Row>): void {
    this.waiting.clear();
    const before = this.entries;
    this.entries = new Map();
    for (const [uid, row] of rows) {
      const known = before.get(uid);
      const entry = known && known.row === row ? known : this.make(row);
      entry.key = this.order.key(row);
      entry.gone = false;
      this.entries.set(uid, entry);
    }
    this.all = [...this.entries.values()].sort(this.compare);
    for (const entry of this.all) entry.passes = this.judge(entry);
    this.select();
  }

  private change(rows: Map<string, Row>, uids: Set<string>, hold: boolean): void {
    const fresh: Entry[] = [];
    const leaving = new Set<Entry>();
    for (const uid of uids) {
      const row = rows.get(uid);
      const entry = this.entries.get(uid);
      if (row && entry && (hold || this.stays(entry, row))) {
        this.replace(entry, row, hold);
      } else if (hold) {
        if (entry) entry.gone = true;
        this.waiting.add(uid);
      } else {
        if (entry) leaving.add(entry);
        if (row) fresh.push(this.insert(uid, row));
        else this.entries.delete(uid);
      }
    }
    if (fresh.length || leaving.size) this.all = this.merge(fresh, leaving);
    this.select(hold);
  }

  private stays = (entry: Entry, row: Row) => !entry.gone && compare_keys(entry.key, this.order.key(row)) === 0;

  private replace(entry: Entry, row: Row, hold: boolean): void {
    if (hold && compare_keys(entry.key, this.order.key(row)) !== 0) this.waiting.add(row.u);
    entry.row = row;
    entry.text = "";
    entry.gone = false;
    const passes = this.judge(entry);
    if (hold && passes !== entry.passes) this.waiting.add(row.u);
    else entry.passes = passes;
  }

  private insert(uid: string, row: Row): Entry {
    const entry = this.make(row);
    this.entries.set(uid, entry);
    return entry;
  }

  private make(row: Row): Entry {
    const entry: Entry = { row, key: this.order.key(row), text: "", passes: true, gone: false };
    entry.passes = this.judge(entry);
    return entry;
  }

  private judge(entry: Entry): boolean {
    if (!this.test) return true;
    entry.text ||= text_of(entry.row);
    return this.test(entry.row, entry.text);
  }

  // One pass: the rows that stay, with the new ones between them.
  private merge(fresh: Entry[], leaving: Set<Entry>): Entry[] {
    fresh.sort(this.compare);
    const out: Entry[] = [];
    let next = 0;
    for (const entry of this.all) {
      if (leaving.has(entry)) continue;
      while (next < fresh.length && this.compare(fresh[next]!, entry) < 0) out.push(fresh[next++]!);
      out.push(entry);
    }
    while (next < fresh.length) out.push(fresh[next++]!);
    return out;
  }

  private compare = (a: Entry, b: Entry): number => {
    const by_key = compare_keys(a.key, b.key);
    if (by_key !== 0) return this.order.descending ? -by_key : by_key;
    return by_text(a.row.n, b.row.n) || by_text(a.row.s ?? "", b.row.s ?? "") || by_text(a.row.u, b.row.u);
  };

  private select(hold = false): void {
    if (hold) return;
    this.shown = this.test ? this.all.filter((entry) => entry.passes) : this.all;
  }
}
