// A server that goes away and comes back under an open tab (1.3): live again within a second, with scroll, filter and edits.
import { readFileSync } from "node:fs";
import { get } from "node:https";
import { connect } from "node:net";
import { test } from "../lib/test.mjs";
import { assert, eventually, shown } from "../lib/wait.mjs";

const LOST = [/WebSocket connection/, /ERR_CONNECTION/, /ERR_SOCKET/, /ERR_NETWORK/, /Failed to load resource/];
const BACK_MS = 1000;

function answers(url) {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => (socket.destroy(), resolve(true)));
    socket.on("error", () => resolve(false));
  });
}

function ready(url) {
  return new Promise((resolve) => {
    const asked = get(`${url}/readyz`, { rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200 || answer.statusCode === 401);
    });
    asked.on("error", () => resolve(false));
  });
}

async function kill_server(about) {
  const pid = Number(readFileSync(about.pid_file, "utf8"));
  process.kill(pid, "SIGKILL");
  await eventually("the server's end", async () => !(await answers(about.url)));
}

const start_server = ({ server }) =>
  server.appliance("up", "--no-demo", "--write-kubeconfig", server.about.kubeconfig, ...server.about.flags);

const live = (page) => page.getByRole("status").getByText("Live", { exact: true });

test("the page is live within a second, and keeps filter, scroll and what is typed", async (t) => {
  t.watch.allow(...LOST);
  const page = await t.open("/ui/pods?q=web");
  const names = page.getByRole("row").filter({ hasText: /web-/ });
  await eventually("two pods", async () => (await names.count()) === 2);
  const edit = await t.context.newPage();
  await edit.goto(t.server.url + "/ui/yaml/deployments/default/web?edit=1");
  const editor = edit.getByRole("textbox", { name: /YAML/i });
  await shown(editor);
  await editor.click();
  await edit.keyboard.press("Control+Home");
  await edit.keyboard.type("# kept\n");
  const far = await t.context.newPage();
  await far.setViewportSize({ width: 900, height: 260 });
  await far.goto(t.server.url + "/ui/pods");
  await shown(far.getByRole("row").filter({ hasText: /web-/ }));
  await far.evaluate(() => scrollTo(0, 90));
  const scroll = () => far.evaluate(() => scrollY);
  const before = await eventually("scrolled", scroll);
  await kill_server(t.server.about);
  await shown(page.getByRole("status").getByText(/^Reconnecting/));
  const up = start_server(t);
  await eventually("the server is ready", () => ready(t.server.url), 30_000);
  const start = Date.now();
  await shown(live(page), 30_000);
  const took = Date.now() - start;
  await up;
  assert.ok(took <= BACK_MS, `live ${took} ms after the server was ready`);
  assert.match(page.url(), /q=web/);
  await eventually("two pods again", async () => (await names.count()) === 2);
  await shown(live(far));
  assert.equal(await scroll(), before);
  assert.match((await editor.innerText()) ?? "", /# kept/);
  await t.server.kubectl("scale", "deploy/web", "--replicas=3");
  await eventually("a third pod, live", async () => (await names.count()) === 3);
  await t.server.kubectl("scale", "deploy/web", "--replicas=2");
});
