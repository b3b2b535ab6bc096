// Log lines in the order of their time, and the ring that holds the last of them. New lines come in batches, of several
// pods at once and nearly in order: a batch is sorted and merged into the end. Pure.

export interface Line {
  id: number; // in the order of arrival; never again the same
  key: string; // its time as sortable text (parse.ts); "" when it has none: stays behind what came before
  source: number; // which stream it is of
  text: string;
}

export const LINES_MAX = 50_000; // what a browser scrolls through with ease
export const CHARS_MAX = 16 * 1024 * 1024; // so that long lines cannot eat the tab

// Sorted lines that grow at the end and are taken away at the beginning.
export class Timeline {
  private lines: Line[] = [];
  private head = 0;

  get length(): number {
    return this.lines.length - this.head;
  }
  at(i: number): Line | undefined {
    return this.lines[this.head + i];
  }
  slice(from: number, to: number): Line[] {
    return this.lines.slice(this.head + Math.max(0, from), this.head + Math.max(0, to));
  }

  // `batch` is sorted. Lines of equal time stay in the order of arrival.
  merge(batch: Line[]): void {
    if (!batch.length) return;
    const first = batch[0]!.key;
    if (this.length === 0 || this.lines[this.lines.length - 1]!.key <= first) {
      for (const line of batch) this.lines.push(line);
      return;
    }
    const from = this.after(first);
    const tail = this.lines.splice(from);
    let i = 0;
    for (const line of batch) {
      while (i < tail.length && tail[i]!.key <= line.key) this.lines.push(tail[i++]!);
      this.lines.push(line);
    }
    while (i < tail.length) this.lines.push(tail[i++]!);
  }

  // The first line that is younger than `key`.
  private after(key: string): number {
    let low = this.head;
    let high = this.lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.lines[middle]!.key <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  // Where a line is; where it would be, when it is gone.
  index_of(line: Line): number {
    let low = this.head;
    let high = this.lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (by_time(this.lines[middle]!, line) < 0) low = middle + 1;
      else high = middle;
    }
    return low - this.head;
  }

  drop_first(): Line | undefined {
    if (!this.length) return undefined;
    const line = this.lines[this.head++];
    // What was dropped is given back now and then: each line is moved once in a while, not every time.
    if (this.head > 1024 && this.head * 2 > this.lines.length) {
      this.lines = this.lines.slice(this.head);
      this.head = 0;
    }
    return line;
  }

  clear(): void {
    this.lines = [];
    this.head = 0;
  }
}

export const by_time = (a: Line, b: Line): number => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.id - b.id);

// All lines, and those of them that a filter lets through.
export class LogRing {
  readonly all = new Timeline();
  private matches = new Timeline();
  private filter: ((line: Line) => boolean) | null = null;
  private chars = 0;
  dropped = 0; // because the ring was full
  dropped_shown = 0; // those of them that the filter let through

  constructor(
    private readonly lines_max = LINES_MAX,
    private readonly chars_max = CHARS_MAX,
  ) {}

  get shown(): Timeline {
    return this.filter ? this.matches : this.all;
  }

  // Returns how many of the new lines are shown.
  add(batch: Line[]): number {
    batch.sort(by_time);
    this.all.merge(batch);
    for (const line of batch) this.chars += line.text.length;
    const passed = this.filter ? batch.filter(this.filter) : batch;
    if (this.filter) this.matches.merge(passed);
    this.trim();
    return passed.length;
  }

  private trim(): void {
    while (this.all.length > this.lines_max || (this.chars > this.chars_max && this.all.length > 1)) {
      const line = this.all.drop_first()!;
      this.chars -= line.text.length;
      this.dropped++;
      if (!this.filter) this.dropped_shown++;
      else if (this.matches.at(0) === line) {
        this.matches.drop_first();
        this.dropped_shown++;
      }
    }
  }

  set_filter(filter: ((line: Line) => boolean) | null): void {
    this.filter = filter;
    this.matches.clear();
    this.dropped_shown = 0;
    if (filter) this.matches.merge(this.all.slice(0, this.all.length).filter(filter));
  }

  clear(): void {
    this.all.clear();
    this.matches.clear();
    this.chars = this.dropped = this.dropped_shown = 0;
  }
}
