// Cells of rows by the name of their column: the order is the server's. Events as facts.
import type { Column, Row } from "../../live/protocol";

export type Reader = (row: Row, column: string) => string;

export function reader(columns: Column[]): Reader {
  const at = new Map(columns.map((column, index) => [column.name, index]));
  return (row, column) => {
    const index = at.get(column);
    const cell = index === undefined ? null : row.c[index];
    return cell === null || cell === undefined ? "" : String(cell);
  };
}

export interface EventFacts {
  id: string;
  type: string;
  reason: string;
  message: string;
  source: string;
  part: string; // "spec.containers{web}"
  count: number;
  t: number; // last seen, Unix seconds
  kind: string; // of the object that it is about: "Pod"
  ns: string;
  name: string;
}

export function event_facts(read: Reader, row: Row): EventFacts {
  return {
    id: row.u,
    type: row.x?.type ?? read(row, "Type"),
    reason: row.x?.reason ?? read(row, "Reason"),
    message: read(row, "Message"),
    source: read(row, "Source"),
    part: row.x?.field ?? "",
    count: row.x?.count ?? 1,
    t: row.t,
    kind: row.x?.kind ?? "",
    ns: row.x?.ns ?? "",
    name: row.x?.name ?? "",
  };
}

// Newest first.
export function events_of(columns: Column[], rows: Iterable<Row>): EventFacts[] {
  const read = reader(columns);
  return [...rows].map((row) => event_facts(read, row)).sort((a, b) => b.t - a.t);
}
