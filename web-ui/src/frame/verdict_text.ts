// The sentence of verdict.tsx. Pure.
import type { Row } from "../live/protocol";

export interface VerdictPart {
  one: string;
  many: string;
  count: number;
  known: boolean; // its rows have been complete once
  refused: boolean; // the user may not see it
  worst?: Row;
}

export interface Verdict {
  severity: 0 | 1 | 2 | undefined; // undefined: not known yet
  text: string;
}

export function verdict_of(parts: VerdictPart[]): Verdict {
  const seen = parts.filter((part) => !part.refused);
  if (seen.length === 0) return { severity: undefined, text: "You may not see the cluster's state" };
  if (seen.some((part) => !part.known)) return { severity: undefined, text: "Looking…" };
  const bad = seen.filter((part) => part.count > 0);
  const total = bad.reduce((sum, part) => sum + part.count, 0);
  if (total === 0) return { severity: 0, text: "All is well" };
  const severity = bad.some((part) => part.worst?.v === 2) ? 2 : 1;
  const [only] = bad;
  if (total === 1 && only?.worst)
    return { severity, text: `1 problem: ${only.one} ${only.worst.n}${only.worst.w ? `: ${only.worst.w}` : ""}` };
  const list = bad.map((part) => `${part.count} ${part.count === 1 ? part.one : part.many}`).join(", ");
  return { severity, text: `${total} ${total === 1 ? "problem" : "problems"}: ${list}` };
}
