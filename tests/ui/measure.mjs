// What the pages cost, measured through the DevTools protocol: node tests/ui/measure.mjs WHAT [--pods N] [--rate N] [--seconds N]
//
//   rows      main-thread time from the navigation until all rows are there and painted, of several loads
//   updates   main-thread time per batch of updates, and the time from a write to its paint, while others change
//   heap      the JavaScript heap after a collection, at the beginning and after --seconds of updates
//   logs      long tasks, longest gap between two frames and heap while a log is followed for --seconds
// Prints one object of JSON. tests/bench/ui*.py make lines of it.
import { Agent, request } from "node:https";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { launch } from "./lib/browser.mjs";
import { start_fixture } from "./lib/server.mjs";
import { Test } from "./lib/test.mjs";
import { eventually, shown } from "./lib/wait.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    binary: { type: "string", default: process.env.APP_BINARY ?? join(HERE, "../../build/release/appliance") },
    pods: { type: "string", default: "1000" },
    rate: { type: "string", default: "0" },
    seconds: { type: "string", default: "60" },
    loads: { type: "string", default: "5" },
    "log-rate": { type: "string", default: "20000" },
  },
});
const number = (name) => Number(options[name]);
const seconds = (n) => new Promise((resolve) => setTimeout(resolve, n * 1000)); // how long is measured, not a wait for a state
const sorted = (values) => [...values].sort((a, b) => a - b);
const at = (values, part) => sorted(values)[Math.min(values.length - 1, Math.floor(values.length * part))];
const round = (n) => Math.round(n * 10) / 10;

// In the page: marks the moment when so many rows are known to the table and some are painted.
function mark_rows(count) {
  const known = () => Number(document.querySelector("[aria-rowcount]")?.getAttribute("aria-rowcount") ?? 0);
  const watch = new MutationObserver(() => {
    if (known() <= count || document.querySelectorAll("[role=row], tbody tr").length < 5) return;
    watch.disconnect();
    requestAnimationFrame(() => setTimeout(() => performance.mark("rows-painted")));
  });
  watch.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["aria-rowcount"] });
}

/** Main-thread milliseconds between the navigation and the mark, from a trace. */
function main_thread(trace) {
  const events = JSON.parse(trace.toString()).traceEvents;
  const mark = events.find((e) => e.name === "rows-painted" && e.cat.includes("blink.user_timing"));
  if (!mark) throw new Error("the trace has no mark");
  const start = events.filter((e) => e.name === "navigationStart" && e.pid === mark.pid && e.ts <= mark.ts).pop();
  const from = start?.ts ?? Math.min(...events.filter((e) => e.pid === mark.pid && e.ts).map((e) => e.ts));
  const tasks = events.filter(
    (e) =>
      e.name === "RunTask" && e.pid === mark.pid && e.tid === mark.tid && e.ts < mark.ts && e.ts + (e.dur ?? 0) > from,
  );
  // Of the processor, not of the clock: other programs of the machine are no cost of the page.
  const inside = (e) => Math.max(0, Math.min(e.ts + (e.dur ?? 0), mark.ts) - Math.max(e.ts, from)) / (e.dur || 1);
  const busy = tasks.reduce((sum, e) => sum + (e.tdur ?? e.dur ?? 0) * inside(e), 0);
  return {
    busy: busy / 1000,
    wall: (mark.ts - from) / 1000,
    longest: Math.max(0, ...tasks.map((e) => (e.tdur ?? e.dur ?? 0) / 1000)),
    timed: tasks.some((e) => e.tdur !== undefined),
  };
}

async function rows(t) {
  const loads = [];
  for (let i = 0; i < number("loads"); i++) {
    await t.begin({});
    await t.page.addInitScript(mark_rows, number("pods"));
    await t.browser.startTracing(t.page, {
      categories: ["disabled-by-default-devtools.timeline", "devtools.timeline", "blink.user_timing"],
    });
    await t.page.goto(`${t.server.url}/ui/pods`);
    await eventually(
      "all rows",
      () => t.page.evaluate(() => performance.getEntriesByName("rows-painted").length > 0),
      60_000,
    );
    loads.push(main_thread(await t.browser.stopTracing()));
    await t.context.close();
  }
  const of = (key) => loads.map((one) => one[key]);
  return {
    loads: loads.length,
    busy_p50: round(at(of("busy"), 0.5)),
    busy_max: round(Math.max(...of("busy"))),
    wall_p50: round(at(of("wall"), 0.5)),
    longest_task: round(Math.max(...of("longest"))),
    of_processor: loads.every((one) => one.timed),
  };
}

async function opened(t, path) {
  await t.begin({});
  await t.page.addInitScript(mark_rows, number("pods"));
  await t.page.goto(t.server.url + path);
  await eventually(
    "all rows",
    () => t.page.evaluate(() => performance.getEntriesByName("rows-painted").length > 0),
    60_000,
  );
  const cdp = await t.context.newCDPSession(t.page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const metrics = async () =>
    Object.fromEntries((await cdp.send("Performance.getMetrics")).metrics.map((m) => [m.name, m.value]));
  const heap = async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    return (await cdp.send("Runtime.getHeapUsage")).usedSize / 1e6;
  };
  return { cdp, metrics, heap };
}

// In the page: when a status that begins with "P-" is painted, its text and the time.
function watch_probes() {
  const seen = (globalThis.__probes = new Map());
  new MutationObserver(() => {
    for (const [text] of (document.querySelector("main")?.textContent ?? "").matchAll(/P-\d+-/g)) {
      if (seen.has(text)) continue;
      seen.set(text, 0);
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => seen.set(text, Date.now());
        channel.port2.postMessage(0);
      });
    }
  }).observe(document.querySelector("main"), { subtree: true, childList: true, characterData: true });
}

function patcher(t, path) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  const cookie = t.server.state.cookies.map((c) => `${c.name}=${c.value}`).join("; ");
  const headers = {
    Cookie: cookie,
    Origin: t.server.url,
    "X-Appliance": "1",
    "Content-Type": "application/merge-patch+json",
  };
  return (body) =>
    new Promise((resolve, reject) => {
      const sent = request(t.server.url + path, { method: "PATCH", agent, headers }, (answer) => {
        answer.resume();
        answer.on("end", () =>
          answer.statusCode === 200 ? resolve(undefined) : reject(new Error(`PATCH: ${answer.statusCode}`)),
        );
      });
      sent.on("error", reject);
      sent.end(JSON.stringify(body));
    });
}

async function updates(t) {
  let batches = 0;
  t.browser.contexts(); // begins below
  const { metrics } = await (async () => {
    const made = await opened(t, "/ui/pods?sort=Name");
    const socket = await made.cdp.send("Network.enable").then(() => made.cdp);
    socket.on(
      "Network.webSocketFrameReceived",
      ({ response }) => void (batches += response.payloadData.includes('"up":')),
    );
    return made;
  })();
  await eventually("updates", () => batches > 20, 30_000);
  const before = await metrics();
  const first = batches;
  const start = Date.now();
  await seconds(number("seconds"));
  const after = await metrics();
  const count = batches - first;
  const took = (Date.now() - start) / 1000;
  // One row that is on the screen is written by us, again and again.
  const link = t.page.getByRole("main").locator('a[href^="/ui/pods/"]').first();
  const [, , , ns, name] = ((await link.getAttribute("href")) ?? "").split(/[/?]/);
  const patch = patcher(t, `/api/v1/namespaces/${ns}/pods/${name}/status`);
  await t.page.evaluate(watch_probes);
  const times = [];
  let missed = 0;
  for (let i = 0; i < 200; i++) {
    const text = `P-${i}-`;
    const sent = Date.now();
    await patch({ status: { reason: text } });
    try {
      const painted = await eventually(text, () => t.page.evaluate((key) => globalThis.__probes.get(key), text), 1000);
      times.push(painted - sent);
    } catch {
      missed++; // the fixture wrote this pod too, before it was painted
    }
  }
  return {
    batches_per_second: round(count / took),
    task_ms_per_batch: round(((after.TaskDuration - before.TaskDuration) * 1000) / count),
    script_ms_per_batch: round(((after.ScriptDuration - before.ScriptDuration) * 1000) / count),
    busy_percent: round(((after.TaskDuration - before.TaskDuration) / took) * 100),
    paint_p50: at(times, 0.5),
    paint_p95: at(times, 0.95),
    paint_p99: at(times, 0.99),
    painted: times.length,
    missed,
  };
}

async function heap(t) {
  const made = await opened(t, "/ui/pods");
  // Code is compiled, and all objects have been written so often that what is new in them (a restart with its reason) is in every
  // row: from then on they do not grow, and the tab must not either.
  await seconds(number("seconds") * 0.6);
  const samples = [await made.heap()];
  const parts = 5;
  for (let i = 0; i < parts; i++) {
    await seconds(number("seconds") / parts);
    samples.push(await made.heap());
  }
  // The objects themselves grow: restarts have reasons, conditions have messages. What a tab holds that shows the same from now
  // on is the measure of what this one should hold.
  const last = samples[samples.length - 1];
  const old = t.context;
  const fresh = await (await opened(t, "/ui/pods")).heap();
  await old.close();
  return {
    samples: samples.map(round),
    growth_percent: round((last / samples[0] - 1) * 100),
    fresh: round(fresh),
    over_fresh_percent: round((last / fresh - 1) * 100),
  };
}

// In the page: gaps between frames, long tasks.
function watch_frames() {
  const state = (globalThis.__frames = { longest: 0, over_200: 0, frames: 0, long_tasks: 0, longest_task: 0 });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      state.long_tasks++;
      state.longest_task = Math.max(state.longest_task, duration);
    }
  }).observe({ type: "longtask" });
  let last = performance.now();
  const frame = (now) => {
    state.frames++;
    state.longest = Math.max(state.longest, now - last);
    state.over_200 += now - last > 200 ? 1 : 0;
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

async function logs(t) {
  await t.begin({});
  const pod = (await t.api("GET", "/api/v1/pods")).items.find((p) => p.status.phase === "Running" && p.spec.nodeName);
  await t.page.goto(`${t.server.url}/ui/logs/pods/${pod.metadata.namespace}/${pod.metadata.name}`);
  await shown(t.page.getByRole("region", { name: "Log lines" }));
  const cdp = await t.context.newCDPSession(t.page);
  let bytes = 0;
  await cdp.send("Network.enable");
  cdp.on("Network.dataReceived", (event) => void (bytes += event.dataLength));
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const used = async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    return (await cdp.send("Runtime.getHeapUsage")).usedSize / 1e6;
  };
  await eventually("lines", () => bytes > 1e6, 30_000);
  await seconds(Math.min(10, number("seconds") / 4)); // the ring of lines is full
  const before = await used();
  const start = Date.now();
  const first = bytes;
  await t.page.evaluate(watch_frames);
  await seconds(number("seconds"));
  const frames = await t.page.evaluate(() => globalThis.__frames);
  const took = (Date.now() - start) / 1000;
  return {
    ...frames,
    fps: round(frames.frames / took),
    mb_per_second: round((bytes - first) / took / 1e6),
    heap_before: round(before),
    heap_after: round(await used()),
  };
}

const what = { rows, updates, heap, logs }[positionals[0] ?? ""];
if (!what) throw new Error("WHAT is rows, updates, heap or logs");
const flags = [
  "--pods",
  options.pods,
  ...(number("rate") ? ["--rate", options.rate] : []),
  ...(positionals[0] === "logs" ? ["--log-rate", options["log-rate"]] : []),
];
const server = await start_fixture(options.binary, flags);
const browser = await launch(server.url, ["--enable-precise-memory-info"]);
const t = new Test(browser, server);
try {
  console.log(JSON.stringify(await what(t)));
  if (t.watch.problems().length) throw new Error(t.watch.problems().join("\n"));
} finally {
  await browser.close();
  await server.close();
}
