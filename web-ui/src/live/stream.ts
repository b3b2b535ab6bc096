// The one WebSocket of this tab (docs/dashboard-stream.md): opens, tells its state, comes back by itself, and hands
// each frame to the subscription that it is for. Pages use useCollection() and useUsage().
//
// A lost connection is looked for by GET /ui/v1/session before the socket is opened again: browsers slow down sockets
// that fail often, and only a request tells an ended session (401) from a server that is away.
import { effect, signal } from "@preact/signals";
import { renew_session } from "../api/session";
import { session_over } from "../api/request";
import { SUBPROTOCOL, type Hello, type ServerFrame, type Status } from "./protocol";
import { retry_delay } from "./retry";

export type Connection = "connecting" | "live" | "lost";
export const connection = signal<Connection>("connecting");
export const hello = signal<Hello | null>(null);
export const last_frame_at = signal(0); // performance.now() of the last frame
export const outdated = signal(false); // the server has other pages than this one

const HELLO_MS = 5000; // a server that says nothing for so long is not one
const QUIET_MS = 10_000; // then the server is asked whether it is there
const ANSWER_MS = 5000; // and has this long to say so
const AGAIN_MS = 2000; // until a subscription that ended for a passing reason is asked for again

type Listener = (frame: ServerFrame) => void;
interface Subscription {
  body: object;
  listener: Listener;
  again?: ReturnType<typeof setTimeout>;
}

const page_build = document.querySelector<HTMLMetaElement>("meta[name=build]")?.content ?? "";

let socket: WebSocket | null = null;
let tries = 0;
let asked_at = 0; // performance.now() of a question that nothing came after; 0: there is none
let lost_at = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
let next_id = 1;
const open = new Map<number, Subscription>();

// Called once, with a session.
export function start_stream(): void {
  connect();
  // Who looks at the page again, or has a network again, does not wait.
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && hurry());
  addEventListener("online", hurry);
  setInterval(listen, ANSWER_MS);
  effect(() => {
    if (!session_over.value) hurry();
  });
}

function hurry(): void {
  if (connection.peek() !== "lost" || socket || timer === undefined) return;
  clearTimeout(timer);
  tries = 0;
  void look();
}

function connect(): void {
  const scheme = location.protocol === "https:" ? "wss" : "ws"; // ws: of `npm run dev`
  const ws = new WebSocket(`${scheme}://${location.host}/ui/v1/stream`, SUBPROTOCOL);
  socket = ws;
  asked_at = 0;
  const silent = setTimeout(() => ws.close(), HELLO_MS);
  ws.onmessage = (event) => {
    clearTimeout(silent);
    if (socket === ws) on_text(String(event.data));
  };
  ws.onclose = () => {
    clearTimeout(silent);
    if (socket !== ws) return;
    socket = null;
    lose();
  };
}

// A network that vanished closes nothing: a question without an answer tells, however seldom a hidden tab gets to
// ask. Any number's end is answered; 0 is never a subscription of this page.
function listen(): void {
  if (connection.peek() !== "live" || !socket) return;
  const now = performance.now();
  if (asked_at && now - asked_at > ANSWER_MS) {
    const deaf = socket;
    socket = null;
    deaf.close();
    lose();
  } else if (!asked_at && now - last_frame_at.peek() > QUIET_MS) {
    asked_at = now;
    say({ unsub: 0 });
  }
}

function lose(): void {
  if (connection.value !== "lost") {
    lost_at = performance.now();
    connection.value = "lost";
  }
  clearTimeout(timer);
  const visible = document.visibilityState === "visible";
  timer = setTimeout(look, retry_delay(tries++, performance.now() - lost_at, visible));
}

// Is the server there, and the session still good?
async function look(): Promise<void> {
  timer = undefined;
  const answer = await renew_session();
  if (answer === "good") connect();
  else if (answer === "away") lose();
  else timer = setTimeout(() => undefined); // over: session.ts waits for the new one, and start_stream()'s effect goes on
}

function on_text(text: string): void {
  try {
    on_frame(JSON.parse(text) as ServerFrame);
  } catch (error) {
    console.error("a frame of the stream could not be used", error); // the next one may be
  }
}

function on_frame(frame: ServerFrame): void {
  last_frame_at.value = performance.now();
  asked_at = 0;
  if (frame.hello) return greet(frame.hello);
  if (frame.sub === undefined) {
    if (frame.error?.code === 401) session_over.value = true;
    return;
  }
  const subscription = open.get(frame.sub);
  if (!subscription) return;
  if (frame.error && passes(frame.error)) ask_again(frame.sub, subscription);
  subscription.listener(frame);
}

function greet(greeting: Hello): void {
  hello.value = greeting;
  connection.value = "live";
  tries = 0;
  outdated.value = page_build !== "" && !page_build.startsWith("__") && greeting.build !== page_build;
  for (const [id, { body, listener }] of open) {
    listener({ sub: id, reset: true });
    say({ sub: id, ...body });
  }
}

const passes = (status: Status) => status.code === 429 || status.code >= 500;

function ask_again(id: number, subscription: Subscription): void {
  clearTimeout(subscription.again);
  subscription.again = setTimeout(() => {
    if (open.get(id) !== subscription || connection.peek() !== "live") return;
    subscription.listener({ sub: id, reset: true });
    say({ sub: id, ...subscription.body });
  }, AGAIN_MS);
}

function say(frame: object): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

// Returns what ends the subscription.
export function subscribe(body: object, listener: Listener): () => void {
  const id = next_id++;
  const subscription: Subscription = { body, listener };
  open.set(id, subscription);
  if (connection.peek() === "live") say({ sub: id, ...body });
  return () => {
    if (!open.delete(id)) return;
    clearTimeout(subscription.again);
    if (connection.peek() === "live") say({ unsub: id });
  };
}
