// The server under test: `appliance dev fixture` (a control plane without a kubelet, filled with objects), or a cluster that
// somebody else started and describes in a file.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { request } from "node:https";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);
const START_MS = 60_000;
const END_MS = 10_000;

/**
 * What a test needs of a server.
 * @typedef {object} Server
 * @property {string} url  "https://127.0.0.1:41234"
 * @property {() => Promise<string>} link  a new one-time link to the dashboard
 * @property {any} about  what it said of itself when it started
 * @property {any} [state]  cookies of the session that the tests of a file share
 * @property {() => Promise<void>} close
 */

/**
 * @param {string} binary
 * @param {string[]} flags
 * @returns {Promise<Server & { pid: number }>}
 */
export async function start_fixture(binary, flags) {
  const child = spawn(binary, ["dev", "fixture", ...flags, "-o", "json"], { stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (data) => (errors = (errors + data).slice(-4000)));
  const lines = createInterface({ input: child.stdout });
  const ended = once(child, "exit");
  const first = once(lines, "line", { signal: AbortSignal.timeout(START_MS) }).then(([line]) => line);
  const line = await Promise.race([
    first,
    ended.then(([code]) => Promise.reject(new Error(`dev fixture ended with ${code}: ${errors}`))),
  ]);
  lines.on("line", () => {});
  const about = JSON.parse(line);
  const server = {
    pid: /** @type {number} */ (child.pid),
    url: new URL(about.url).origin,
    about,
    link: () => make_link(about.kubeconfig, server.url),
    close: async () => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), END_MS);
      await ended;
      clearTimeout(timer);
    },
  };
  return server;
}

// As `appliance dashboard` asks for one: with the administrator's certificate of the kubeconfig.
async function make_link(kubeconfig, url) {
  const text = readFileSync(kubeconfig, "utf8");
  const pem = (name) =>
    Buffer.from(new RegExp(`${name}"?:\\s*"?([A-Za-z0-9+/=]+)`).exec(text)?.[1] ?? "", "base64").toString();
  const identity = { cert: pem("client-certificate-data"), key: pem("client-key-data"), rejectUnauthorized: false };
  const body = await new Promise((resolve, reject) => {
    const sent = request(
      `${url}/ui/v1/links`,
      { method: "POST", headers: { "X-Appliance": "1" }, ...identity },
      (answer) => {
        let all = "";
        answer.on("data", (part) => (all += part));
        answer.on("end", () =>
          answer.statusCode < 300 ? resolve(all) : reject(new Error(`no link: ${answer.statusCode} ${all}`)),
        );
      },
    );
    sent.on("error", reject);
    sent.end();
  });
  return url + JSON.parse(body).path;
}

/**
 * A real cluster, described by JSON in a file (tests/e2e/dashboard_ui_e2e.py writes it): url, binary, dirs, kubectl, …
 * @param {string} file
 */
export function describe_cluster(file) {
  const about = JSON.parse(readFileSync(file, "utf8"));
  const inside = about.inside ?? [];
  const call = async (argv, options = {}) => {
    const [program, ...rest] = argv;
    const done = await run(program, rest, { maxBuffer: 64e6, timeout: 120_000, ...options });
    return done.stdout;
  };
  return {
    url: about.url,
    about,
    link: () => make_link(about.kubeconfig, about.url),
    appliance: (...argv) => call([...inside, about.binary, ...argv, ...about.dirs]),
    kubectl: (...argv) => call([...inside, about.kubectl, "--kubeconfig", about.kubeconfig, ...argv]),
    call,
    close: async () => {},
  };
}
