// Logs (2.4): followed, filtered, with times, of the container before, of all pods of a workload.
import { a_deployment, a_pod, name_of, ns_of, pod_path } from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, at, eventually, focused, shown } from "./lib/wait.mjs";

fixture("--pods", "200", "--log-rate", "50");

const lines = (page) => page.getByRole("region", { name: "Log lines" });
const one_line = (page) => lines(page).locator(".log-line");
const toggle = (page, name) => page.getByRole("button", { name, exact: true });
const pressed = async (button) => (await button.getAttribute("aria-pressed")) === "true";
const text = (page) => lines(page).innerText();

async function open_logs(t, pod) {
  const page = await t.open(`/ui/logs/pods/${ns_of(pod)}/${name_of(pod)}`);
  await eventually("lines", async () => (await one_line(page).count()) > 3);
  return page;
}

test("lines come as they are written, pause holds them still and counts, follow goes on", async (t) => {
  const page = await open_logs(t, await a_pod(t));
  const before = await text(page);
  await eventually("newer lines", async () => (await text(page)) !== before);
  await toggle(page, "Follow").click();
  assert.equal(await pressed(toggle(page, "Follow")), false);
  const held = await text(page);
  const fresh = page.getByRole("button", { name: /^[\d,]+ new/ });
  await shown(fresh);
  await eventually(
    "more of them",
    async () => parseInt(((await fresh.textContent()) ?? "").replaceAll(",", ""), 10) > 20,
  );
  assert.equal(await text(page), held);
  await fresh.click();
  await eventually("at the end again", async () => (await text(page)) !== held);
  assert.ok(await pressed(toggle(page, "Follow")));
});

test("the filter shows the lines that match, as words and as an expression, and stands in the URL", async (t) => {
  const page = await open_logs(t, await a_pod(t));
  await page.keyboard.press("/");
  const filter = page.getByRole("searchbox", { name: "Filter lines" });
  await focused(filter);
  const word = /** @type {string} */ (
    /[A-Za-z]{4,}/.exec(await one_line(page).last().locator(".text").innerText())?.[0]
  );
  await filter.fill(word);
  await at(page, new RegExp(`q=${word}`));
  await eventually("only such lines", async () => {
    const all = await one_line(page).allInnerTexts();
    return all.length > 0 && all.every((line) => line.toLowerCase().includes(word.toLowerCase()));
  });
  await toggle(page, "Expression").click();
  await filter.fill("(");
  await shown(page.getByRole("alert"));
  await filter.fill("no-line-says-this-[0-9]{9}");
  await eventually("none", async () => (await one_line(page).count()) === 0);
});

test("times are shown when they are asked for", async (t) => {
  const page = await open_logs(t, await a_pod(t));
  assert.equal(await lines(page).locator("time").count(), 0);
  await page.keyboard.press("t");
  await eventually("times", async () =>
    /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d/.test(await one_line(page).first().innerText()),
  );
  await at(page, /ts=1/);
});

test("the previous container's log is one key away", async (t) => {
  const p = await a_pod(t);
  const terminated = { exitCode: 2, reason: "Error", finishedAt: "2026-01-02T03:04:05Z" };
  const containerStatuses = p.status.containerStatuses.map((s) => ({
    ...s,
    restartCount: 1,
    lastState: { terminated },
  }));
  await t.api("PATCH", `${pod_path(p)}/status`, { status: { containerStatuses } }, "application/merge-patch+json");
  const page = await open_logs(t, p);
  assert.doesNotMatch(await text(page), /exit status 2/);
  await page.keyboard.press("p");
  await at(page, /previous=1/);
  assert.ok(await pressed(toggle(page, "Previous")));
  await eventually("the words of its end", async () => /goroutine 1[^]*exit status 2/.test(await text(page)));
  await page.keyboard.press("p");
  await eventually("the present ones", async () => !/exit status 2/.test(await text(page)));
});

test("the logs of all pods of a workload are merged, each line with its pod", async (t) => {
  const d = await a_deployment(t, { replicas: 3 });
  const page = await t.open(`/ui/logs/deployments/${ns_of(d)}/${name_of(d)}`);
  await eventually("lines of several", async () => {
    const names = await lines(page).locator(".source").allInnerTexts();
    return new Set(names).size >= Math.min(3, d.spec.replicas);
  });
});

test("the kubectl command of what is shown is offered", async (t) => {
  const p = await a_pod(t);
  const page = await open_logs(t, p);
  const command = page.getByRole("button", { name: "Copy as kubectl" });
  assert.match(
    (await command.getAttribute("title")) ?? "",
    new RegExp(`^kubectl logs ${name_of(p)} -n ${ns_of(p)}.* -f`),
  );
});
