// A Status of the server beside the text that it is about: which line each cause belongs to. Pure.
import type { Status } from "../../live/protocol";
import { line_of_field } from "./scan";

export interface Mark {
  line: number; // from 1; 0: it belongs to no line
  text: string;
}

const words = (one: { field?: string; message?: string; reason?: string }): string =>
  [one.field, one.message ?? one.reason].filter(Boolean).join(": ");

export function marks_of(status: Status, text: string): Mark[] {
  const causes = status.details?.causes ?? [];
  if (causes.length)
    return causes.map((one) => ({ line: one.field ? line_of_field(text, one.field) : 0, text: words(one) }));
  const line = Number(/\bline (\d+)/.exec(status.message)?.[1] ?? 0);
  const field = /unknown field "([^"]+)"/.exec(status.message)?.[1];
  return [{ line: line || (field ? line_of_field(text, field) : 0), text: status.message }];
}
