import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { session_over } from "../../api/request";
import type { ParsedLine } from "./parse";
import { follow_log, type LogTarget } from "./stream";
import { Turns } from "./turns";

const TARGET: LogTarget = { ns: "default", pod: "p", container: "c", previous: false, tail_lines: 10 };
const at = (second: number, text: string) => `2026-11-21T20:00:0${second}Z ${text}\n`;

let page: EventTarget & { visibilityState: string };
beforeEach(() => {
  vi.useFakeTimers();
  page = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("document", page);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

// Each question is answered by the next of `answers`: a text, a Status of this code, or a text without an end ("…").
function serve(answers: (string | number)[]) {
  const asked: URLSearchParams[] = [];
  vi.stubGlobal("fetch", async (url: string, { signal }: { signal: AbortSignal }) => {
    asked.push(new URL(url, "https://x").searchParams);
    const answer = answers.shift() ?? "…";
    if (typeof answer === "number") return new Response(JSON.stringify({ message: "no" }), { status: answer });
    const stays = answer.endsWith("…");
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(stays ? answer.slice(0, -1) : answer));
        if (!stays) return controller.close();
        signal.addEventListener("abort", () => controller.error(new Error("aborted")));
      },
    });
    return new Response(body);
  });
  return asked;
}

function listen(target: LogTarget, over = () => false) {
  const seen: string[] = [];
  const states: string[] = [];
  const stop = follow_log(target, {
    lines: (lines: ParsedLine[]) => seen.push(...lines.map((line) => line.text)),
    state: (state) => states.at(-1) === state || states.push(state),
    over,
  });
  return { seen, states, stop };
}

it("a log that broke goes on from its last line, each line once", async () => {
  const asked = serve([at(1, "a") + at(2, "b"), 503, at(2, "b") + at(3, "c") + "…"]);
  const log = listen(TARGET);
  await vi.advanceTimersByTimeAsync(2000);
  expect(log.seen).toEqual(["a", "b", "c"]);
  expect(asked.map((one) => one.get("sinceTime"))).toEqual([
    null,
    "2026-11-21T20:00:02.000000000Z",
    "2026-11-21T20:00:02.000000000Z",
  ]);
  expect(asked[0]!.get("follow")).toBe("true");
  expect(asked[0]!.get("tailLines")).toBe("10");
  expect(log.states.at(-1)).toBe("live");
  log.stop();
});

it("what the server refuses is not asked again", async () => {
  const asked = serve([403]);
  const log = listen(TARGET);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked).toHaveLength(1);
  expect(log.states).toEqual(["connecting", "refused"]);
});

it("a log waits while there is no session, and goes on with the next one", async () => {
  const asked = serve([at(1, "a"), 401, at(1, "a") + at(2, "b") + "…"]);
  const log = listen(TARGET);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(2);
  expect(log.states.at(-1)).toBe("waiting");
  session_over.value = false;
  await vi.advanceTimersByTimeAsync(2000);
  expect(log.seen).toEqual(["a", "b"]);
  expect(log.states.at(-1)).toBe("live");
  log.stop();
});

it("a log that nobody reads any more when its turn comes is not asked for", async () => {
  const turns = new Turns(1);
  const give_back = await turns.take();
  const asked = serve([at(1, "a")]);
  const log = listen({ ...TARGET, turns });
  await vi.advanceTimersByTimeAsync(100);
  log.stop();
  give_back();
  await vi.advanceTimersByTimeAsync(100);
  expect(asked).toHaveLength(0);
  await turns.take(); // it was given back
});

it("the log of a container before its restart is read once", async () => {
  const asked = serve([at(1, "a")]);
  const log = listen({ ...TARGET, previous: true });
  await vi.advanceTimersByTimeAsync(20_000);
  expect(asked).toHaveLength(1);
  expect([asked[0]!.get("previous"), asked[0]!.get("follow")]).toEqual(["true", null]);
  expect(log.states.at(-1)).toBe("ended");
});

it("the log of a pod that has ended is read to its end", async () => {
  const asked = serve([at(1, "a")]);
  const log = listen(TARGET, () => true);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(log.seen).toEqual(["a"]);
  expect(asked).toHaveLength(1);
  expect(log.states.at(-1)).toBe("ended");
});

it("a hidden tab gives its connection back, and reads what it missed when it is looked at", async () => {
  const asked = serve([at(1, "a") + "…", at(1, "a") + at(2, "b") + "…"]);
  const log = listen(TARGET);
  await vi.advanceTimersByTimeAsync(100);
  page.visibilityState = "hidden";
  page.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(1);
  page.visibilityState = "visible";
  page.dispatchEvent(new Event("visibilitychange"));
  await vi.advanceTimersByTimeAsync(100);
  expect(log.seen).toEqual(["a", "b"]);
  log.stop();
});

it("logs that are asked in turn never ask two at once, and miss nothing", async () => {
  const turns = new Turns(1);
  let under_way = 0;
  let most = 0;
  let second = 0;
  vi.stubGlobal("fetch", async () => {
    most = Math.max(most, ++under_way);
    await new Promise((resolve) => setTimeout(resolve, 50));
    under_way--;
    return new Response(at(second, String(second)));
  });
  const logs = [1, 2, 3].map(() => listen({ ...TARGET, turns }));
  for (second = 0; second < 4; second++) await vi.advanceTimersByTimeAsync(2000);
  expect(most).toBe(1);
  for (const log of logs) {
    expect(log.seen).toEqual(["0", "1", "2", "3"]);
    log.stop();
  }
});
