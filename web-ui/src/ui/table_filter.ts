// What stands in the filter of a table, read: words that must all occur, `status:word`, and labels: `app=web` (how the
// value begins), `app==web` (all of it), `app!=web`. A `!` before any of them turns it round. Pure.
import type { Column, Row } from "../live/protocol";

export type Test = (row: Row, text: string) => boolean;

const STATUS_COLUMNS = ["Status", "Type", "Reason"];

const status_of = (row: Row, columns: Column[]) =>
  columns
    .map((column, i) => (STATUS_COLUMNS.includes(column.name) ? String(row.c[i] ?? "") : ""))
    .join(" ")
    .toLowerCase();

const label_of = (row: Row, key: string) =>
  Object.entries(row.l ?? {})
    .find(([name]) => name.toLowerCase() === key)?.[1]
    .toLowerCase();

function part(word: string, columns: Column[]): Test {
  if (word.startsWith("!") && word.length > 1) {
    const inner = part(word.slice(1), columns);
    return (row, text) => !inner(row, text);
  }
  const status = /^status:(.+)$/.exec(word)?.[1];
  if (status === "problem" || status === "problems") return (row) => !!row.v;
  if (status) return (row) => status_of(row, columns).includes(status);
  const label = /^([\w./-]+?)(!=|==|=)(.*)$/.exec(word);
  if (label) {
    const [, key, operator, value] = label as unknown as [string, string, string, string];
    const found = (row: Row) => label_of(row, key);
    if (operator === "!=") return (row) => found(row) !== value;
    if (operator === "==") return (row) => found(row) === value;
    return (row) => found(row)?.startsWith(value) ?? false; // so that rows stay in sight while one types
  }
  return (_, text) => text.includes(word);
}

// null: everything passes.
export function parse_filter(typed: string, columns: Column[]): Test | null {
  const tests = typed
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => part(word, columns));
  if (tests.length === 0) return null;
  return (row, text) => tests.every((test) => test(row, text));
}

// What the words are looked for in: the cells, the namespace, and why something is wrong.
export const text_of = (row: Row): string => `${row.n} ${row.s ?? ""} ${row.c.join(" ")} ${row.w ?? ""}`.toLowerCase();
