// Whether a condition is good news: most are when they are True, a few are names of trouble.
import type { Condition } from "./types";

const TROUBLE = /(Pressure|Unavailable|Failure|Failed|Problem|DisruptionTarget|Remaining|Terminating)$/;

export function condition_severity(one: Condition): 0 | 1 | 2 {
  if (one.status === "Unknown") return 1;
  const bad = TROUBLE.test(one.type) ? "True" : "False";
  if (one.status !== bad) return 0;
  return one.reason === "PodCompleted" ? 0 : 2;
}
