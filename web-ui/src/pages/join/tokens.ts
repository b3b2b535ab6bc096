// Join tokens as the server tells of them, and which nodes are new. Pure.
import type { Row } from "../../live/protocol";

export interface Token {
  id: string;
  role: string;
  expires: string; // RFC 3339
  expired?: boolean;
  description: string;
}

export interface Made extends Token {
  token: string;
  address: string;
  command: string;
}

export const TTLS: [value: string, label: string][] = [
  ["30m", "30 minutes"],
  ["2h", "2 hours"],
  ["24h", "a day"],
  ["7d", "a week"],
  ["30d", "30 days"],
];

// `before`: the uids that were there when the page opened; null: it does not know yet. Newest first.
export function newly_seen(rows: Row[], before: Set<string> | null): { fresh: Row[]; known: Row[] } {
  const sorted = [...rows].sort((a, b) => b.t - a.t || a.n.localeCompare(b.n));
  const is_fresh = (row: Row) => !!before && !before.has(row.u);
  return { fresh: sorted.filter(is_fresh), known: sorted.filter((row) => !is_fresh(row)) };
}
