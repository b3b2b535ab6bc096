import { afterEach, beforeEach, expect, it, vi } from "vitest";

// A server that says hello, and answers the question whether it is there as long as `answers`.
let answers: boolean;
let sockets: Socket[];
class Socket {
  static readonly OPEN = 1;
  readyState = 1;
  onmessage?: (event: { data: string }) => void;
  onclose?: () => void;
  constructor() {
    sockets.push(this);
    setTimeout(() => this.say({ hello: { build: "b" } }), 10);
  }
  say = (frame: object) => this.onmessage?.({ data: JSON.stringify(frame) });
  send(text: string) {
    const { unsub } = JSON.parse(text) as { unsub?: number };
    if (unsub === 0 && answers) setTimeout(() => this.say({ sub: 0, end: true }), 10);
  }
  close() {
    this.readyState = 3;
    this.onclose?.();
  }
}

let tick: () => void; // what the page does every few seconds, or once a minute when it is hidden
beforeEach(() => {
  answers = true;
  sockets = [];
  vi.useFakeTimers();
  vi.stubGlobal("document", Object.assign(new EventTarget(), { visibilityState: "hidden", querySelector: () => null }));
  vi.stubGlobal("location", { protocol: "https:", host: "x" });
  vi.stubGlobal("addEventListener", () => undefined);
  vi.stubGlobal("WebSocket", Socket);
  vi.stubGlobal("setInterval", (listen: () => void) => void (tick = listen));
  vi.stubGlobal("fetch", () => new Promise(() => undefined));
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
  vi.resetModules();
});

async function after(ms: number) {
  await vi.advanceTimersByTimeAsync(ms);
  tick();
}

it("a hidden tab of a quiet cluster keeps its stream, however seldom it looks", async () => {
  const { connection, start_stream } = await import("./stream");
  start_stream();
  for (let i = 0; i < 10; i++) await after(60_000);
  expect(connection.value).toBe("live");
  expect(sockets).toHaveLength(1);
});

it("a question that nothing comes after is a lost connection", async () => {
  const { connection, start_stream } = await import("./stream");
  start_stream();
  await after(5000);
  answers = false;
  await after(10_000); // asks
  await after(4000);
  expect(connection.value).toBe("live");
  await after(2000);
  expect(connection.value).toBe("lost");
});
