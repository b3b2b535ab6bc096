// What the end of a container means.
import type { Terminated } from "./types";

const SIGNALS: Record<number, string> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  15: "SIGTERM",
};

// "" when the number says nothing beyond itself.
export function exit_meaning(code: number): string {
  if (code === 126) return "its command is not executable";
  if (code === 127) return "its command was not found";
  if (code === 139) return "SIGSEGV: it crashed";
  if (code > 128 && code < 160) return `killed by ${SIGNALS[code - 128] ?? `signal ${code - 128}`}`;
  return "";
}

export function exit_text(end: Terminated): string {
  const code = end.exitCode ?? 0;
  if (end.reason === "OOMKilled") return "killed for its memory (OOMKilled)";
  const meaning = exit_meaning(code);
  return `exit code ${code}${meaning ? ` (${meaning})` : ""}`;
}
