// One way to the API: JSON unless told otherwise, the cookie is the identity, an error is the server's Status.
import { signal } from "@preact/signals";
import type { Status } from "../live/protocol";

export class StatusError extends Error {
  constructor(readonly status: Status) {
    super(status.message);
  }
}

export const session_over = signal(false); // the server knows the session no more: 401

export interface RequestOptions {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown; // a string is sent as it is
  type?: string; // of the body; JSON by default
  accept?: string;
  signal?: AbortSignal;
}

export async function send(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  const kept = Object.entries(options.query ?? {}).filter(([, value]) => value !== undefined && value !== "");
  const search = kept.length ? "?" + new URLSearchParams(kept.map(([key, value]) => [key, String(value)])) : "";
  const headers: Record<string, string> = { Accept: options.accept ?? "application/json" };
  if (method !== "GET") headers["X-Appliance"] = "1";
  if (options.body !== undefined) headers["Content-Type"] = options.type ?? "application/json";
  const body =
    options.body === undefined || typeof options.body === "string" ? options.body : JSON.stringify(options.body);
  const response = await fetch(path + search, {
    method,
    headers,
    body,
    signal: options.signal,
    credentials: "same-origin",
  });
  if (response.status === 401) session_over.value = true;
  if (!response.ok) throw new StatusError(await status_of(response));
  return response;
}

export async function request<T = any>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
  return (await send(method, path, options)).json() as Promise<T>;
}

async function status_of(response: Response): Promise<Status> {
  const text = await response.text();
  try {
    const status = JSON.parse(text) as Status;
    if (status.message) return { ...status, code: response.status };
  } catch {
    // Not a Status: its text is the message.
  }
  return { code: response.status, message: text.trim() || response.statusText || `HTTP ${response.status}` };
}

// Where an object or a list of a kind lives: path_of({group: "apps", kind: "deployments", ns: "default", name: "web"}).
export function path_of(o: {
  group?: string;
  version?: string;
  kind: string;
  ns?: string;
  name?: string;
  sub?: string;
}) {
  const root = o.group ? `/apis/${o.group}/${o.version ?? "v1"}` : `/api/${o.version ?? "v1"}`;
  const parts = [root];
  if (o.ns) parts.push("namespaces", encodeURIComponent(o.ns));
  parts.push(o.kind);
  if (o.name) parts.push(encodeURIComponent(o.name));
  if (o.sub) parts.push(o.sub);
  return parts.join("/");
}
