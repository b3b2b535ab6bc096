// Bytes of a log with timestamps -> lines: `2026-11-21T20:00:00.123456789Z text`. Pure.

export const LINE_CHARS_MAX = 1024 * 1024; // of one line; what is longer is cut here and says so

export interface ParsedLine {
  key: string;
  text: string;
}

const CUT = " … (cut)";

// Text in pieces, as it comes; keeps what is not yet a whole line.
export class LineParser {
  private partial = "";
  private skipping = false; // the rest of a line that was cut

  push(chunk: string): ParsedLine[] {
    const out: ParsedLine[] = [];
    let from = 0;
    for (;;) {
      const end = chunk.indexOf("\n", from);
      if (end < 0) break;
      if (this.skipping) this.skipping = false;
      else out.push(parse_line(this.partial ? this.partial + chunk.slice(from, end) : chunk.slice(from, end)));
      this.partial = "";
      from = end + 1;
    }
    if (!this.skipping) this.partial += chunk.slice(from);
    if (this.partial.length > LINE_CHARS_MAX) {
      out.push(parse_line(this.partial.slice(0, LINE_CHARS_MAX) + CUT));
      this.partial = "";
      this.skipping = true;
    }
    return out;
  }

  // The stream is over: a last line without an end is a line too.
  end(): ParsedLine[] {
    const rest = this.partial;
    this.partial = "";
    return rest ? [parse_line(rest)] : [];
  }
}

const TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d) ?/;

export function parse_line(line: string): ParsedLine {
  const found = TIME.exec(line);
  if (!found) return { key: "", text: line };
  return { key: time_key(found[1]!, found[2] ?? "", found[3]!), text: line.slice(found[0].length) };
}

// UTC with nine digits, so that the order of texts is the order of times.
export function time_key(seconds: string, fraction: string, zone: string): string {
  const utc = zone === "Z" || zone === "+00:00" ? seconds : new Date(seconds + zone).toISOString().slice(0, 19);
  return `${utc}.${fraction.padEnd(9, "0")}Z`;
}

// A stream that broke is asked again from its last line on: this takes away what was there already.
export class Resume {
  private last = "";
  private count = 0; // lines with this time
  private skip = 0; // of them, still to be taken away
  private catching_up = false;

  // The time of the last line, for the query: servers send that one again. Undefined: nothing came yet.
  begin_again(): string | undefined {
    if (!this.last) return undefined;
    this.catching_up = true;
    this.skip = this.count;
    return this.last;
  }

  keep(line: ParsedLine): boolean {
    if (this.catching_up && line.key) {
      if (line.key < this.last) return false;
      if (line.key === this.last && this.skip > 0) {
        this.skip--;
        return false;
      }
      this.catching_up = false;
    }
    if (!line.key) return !this.catching_up;
    this.count = line.key === this.last ? this.count + 1 : 1;
    this.last = line.key;
    return true;
  }
}
