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
  short: string; // where there is little room
}

const say = (severity: Verdict["severity"], text: string, short = text): Verdict => ({ severity, text, short });

export function verdict_of(parts: VerdictPart[]): Verdict {
  const seen = parts.filter((part) => !part.refused);
  if (seen.length === 0) return say(undefined, "You may not see the cluster's state", "Not yours to see");
  if (seen.some((part) => !part.known)) return say(undefined, "Looking…");
  const bad = seen.filter((part) => part.count > 0);
  const total = bad.reduce((sum, part) => sum + part.count, 0);
  if (total === 0) return say(0, "All is well");
  const severity = bad.some((part) => part.worst?.v === 2) ? 2 : 1;
  const short = `${total} ${total === 1 ? "problem" : "problems"}`;
  const [only] = bad;
  if (total === 1 && only?.worst)
    return say(severity, `${short}: ${only.one} ${only.worst.n}${only.worst.w ? `: ${only.worst.w}` : ""}`, short);
  const list = bad.map((part) => `${part.count} ${part.count === 1 ? part.one : part.many}`).join(", ");
  return say(severity, `${short}: ${list}`, short);
}
