// How serious a line says it is, in the forms that programs use. Looks at the beginning alone. Pure.
import { strip_ansi } from "./ansi";

export type Level = "error" | "warn" | "debug" | "";

const LOOKED_AT = 240;
const KLOG = /^([EFWID])\d{4} \d\d:/;
const FIELD = /\b(?:level|lvl|severity)["']?\s*[=:]\s*["']?(\w+)/i;
const WORD = /\b(EMERG|ALERT|CRIT(?:ICAL)?|FATAL|PANIC|ERR(?:OR)?|WARN(?:ING)?|DEBUG|DBG|TRACE)\b/;
const BRACKET = /^\W*\[?\s*(emerg|alert|crit|critical|fatal|panic|err|error|warn|warning|debug|trace)\s*[\]:]/i;

function of_word(word: string): Level {
  const lower = word.toLowerCase();
  if (/^(emerg|alert|crit|fatal|panic|err)/.test(lower)) return "error";
  if (lower.startsWith("warn")) return "warn";
  return /^(debug|dbg|trace)/.test(lower) ? "debug" : "";
}

export function level_of(text: string): Level {
  const head = strip_ansi(text.slice(0, LOOKED_AT));
  const klog = KLOG.exec(head)?.[1];
  if (klog) return klog === "E" || klog === "F" ? "error" : klog === "W" ? "warn" : klog === "D" ? "debug" : "";
  const word = FIELD.exec(head)?.[1] ?? BRACKET.exec(head)?.[1] ?? WORD.exec(head)?.[1];
  return word ? of_word(word) : "";
}
