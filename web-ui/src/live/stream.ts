// The one WebSocket of this tab (docs/dashboard-stream.md): opens, tells its state, comes back by itself, and hands
// each frame to the subscription that it is for. Pages use useCollection() and useUsage() of collection.ts.
import { signal } from "@preact/signals";
import { SUBPROTOCOL, type Hello, type ServerFrame } from "./protocol";

export type Connection = "connecting" | "live" | "lost";
export const connection = signal<Connection>("connecting");
export const hello = signal<Hello | null>(null);
export const last_frame_at = signal(0); // performance.now() of the last frame

const RETRY_FIRST_MS = 100; // a restarted server is back within a second
const RETRY_MAX_MS = 5000;

type Listener = (frame: ServerFrame) => void;

let socket: WebSocket | null = null;
let retry_ms = RETRY_FIRST_MS;
let next_id = 1;
const open = new Map<number, { body: object; listener: Listener }>();

export function start_stream(): void {
  connection.value = "connecting";
  const ws = new WebSocket(`wss://${location.host}/ui/v1/stream`, SUBPROTOCOL);
  socket = ws;
  ws.onmessage = (event) => on_frame(JSON.parse(event.data as string) as ServerFrame);
  ws.onclose = () => {
    if (socket !== ws) return;
    socket = null;
    connection.value = "lost";
    setTimeout(start_stream, retry_ms);
    retry_ms = Math.min(retry_ms * 2, RETRY_MAX_MS);
  };
}

function on_frame(frame: ServerFrame): void {
  last_frame_at.value = performance.now();
  if (frame.hello) {
    hello.value = frame.hello;
    connection.value = "live";
    retry_ms = RETRY_FIRST_MS;
    for (const [id, { body, listener }] of open) {
      listener({ sub: id, reset: true });
      socket?.send(JSON.stringify({ sub: id, ...body }));
    }
    return;
  }
  if (frame.sub !== undefined) open.get(frame.sub)?.listener(frame);
}

// Returns what ends the subscription.
export function subscribe(body: object, listener: Listener): () => void {
  const id = next_id++;
  open.set(id, { body, listener });
  if (connection.value === "live") socket?.send(JSON.stringify({ sub: id, ...body }));
  return () => {
    open.delete(id);
    if (connection.value === "live") socket?.send(JSON.stringify({ unsub: id }));
  };
}
