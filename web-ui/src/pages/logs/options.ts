// What the URL of a page of logs says: /ui/logs/<kind>/<ns>/<name>?container=&previous=1&since=10m&q=&re=1&ts=1&wrap=0
// Pure.
import type { Line } from "./timeline";
import { strip_ansi } from "./ansi";

export interface LogOptions {
  container?: string;
  previous: boolean;
  since: string; // "" the last lines
  text: string;
  regex: boolean;
  timestamps: boolean;
  wrap: boolean;
}

export const SINCES: [value: string, label: string][] = [
  ["", "the last 1,000 lines"],
  ["1m", "the last minute"],
  ["5m", "the last 5 minutes"],
  ["15m", "the last 15 minutes"],
  ["1h", "the last hour"],
  ["6h", "the last 6 hours"],
  ["24h", "the last day"],
];
const TAIL_LINES = 1000;
const TAIL_LINES_SINCE = 20_000; // of a time that may hold more than the ring

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86400 };
export function since_seconds(text: string): number | undefined {
  const found = /^(\d{1,6})([smhd])$/.exec(text);
  return found ? Number(found[1]) * UNITS[found[2]!]! : undefined;
}

export function options_of(query: Record<string, string>): LogOptions {
  return {
    container: query.container || undefined,
    previous: query.previous === "1",
    since: since_seconds(query.since ?? "") ? query.since! : "",
    text: query.q ?? "",
    regex: query.re === "1",
    timestamps: query.ts === "1",
    wrap: query.wrap !== "0",
  };
}

export const tail_of = (since: string): { since_seconds?: number; tail_lines: number } =>
  since
    ? { since_seconds: since_seconds(since), tail_lines: TAIL_LINES_SINCE }
    : { since_seconds: undefined, tail_lines: TAIL_LINES };

export interface Filter {
  test: ((line: Line) => boolean) | null;
  error?: string; // of a regular expression that is none
}

// Words are looked for as they are, whatever their case; colours do not come between.
export function filter_of(text: string, regex: boolean): Filter {
  if (!text) return { test: null };
  if (!regex) {
    const wanted = text.toLowerCase();
    return { test: (line) => strip_ansi(line.text).toLowerCase().includes(wanted) };
  }
  try {
    const pattern = new RegExp(text, "i");
    return { test: (line) => pattern.test(strip_ansi(line.text)) };
  } catch (error) {
    return { test: null, error: (error as Error).message };
  }
}

// What pods of one workload are told apart by: "web-5d9c-abcde" of "web" -> "5d9c-abcde".
export function short_names(names: string[]): string[] {
  if (new Set(names).size < 2) return names;
  const first = names[0]!;
  let common = 0;
  while (common < first.length && names.every((name) => name[common] === first[common])) common++;
  const cut = first.lastIndexOf("-", common - 1) + 1;
  return names.map((name) => name.slice(cut));
}

// A line as a file has it.
export const line_text = (line: Line, timestamps: boolean, source: string | undefined): string =>
  `${source ? `${source} ` : ""}${timestamps && line.key ? `${line.key} ` : ""}${strip_ansi(line.text)}\n`;
