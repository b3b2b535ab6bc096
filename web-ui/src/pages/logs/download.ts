// Saves what is shown as a file.
import { line_text, type LogOptions } from "./options";
import type { LogSession } from "./session";

export function download(session: LogSession, options: LogOptions, names: string[], title: string): void {
  const lines = session.ring.shown;
  const parts = lines
    .slice(0, lines.length)
    .map((line) => line_text(line, options.timestamps, names.length > 1 ? names[line.source] : undefined));
  const url = URL.createObjectURL(new Blob(parts, { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `${title}.log`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000); // the browser has read it by then
}
