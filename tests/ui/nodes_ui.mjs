// Nodes (2.8): what they have and use, live; cordon; the plan of a drain. (Draining itself: tests/ui/cluster.)
import { list, name_of } from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, at, eventually, focused, gone, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

const MERGE = "application/merge-patch+json";
const ready = (n) =>
  n.status.conditions.some((c) => c.type === "Ready" && c.status === "True") && !n.spec.unschedulable;
const a_node = async (t) => (await list(t, "/api/v1/nodes")).find(ready);
const button = (page, name) =>
  page.getByRole("group", { name: /^Actions for/ }).getByRole("button", { name, exact: true });
const row = (page, name) => page.getByRole("grid", { name: "Nodes" }).getByRole("row").filter({ hasText: name });

test("the list shows CPU, memory and pods of each node, live", async (t) => {
  const node = await a_node(t);
  const page = await t.open("/ui/nodes");
  const cell = (name) => row(page, name_of(node)).locator(`[data-name="${name}"]`);
  await eventually("CPU", async () => /\d+ ?%/.test(await cell("CPU").innerText()));
  await eventually("memory", async () => /\d+(\.\d+)? ?[KMGT]i?B?/.test(await cell("Memory").innerText()));
  await eventually("pods", async () => /^\d+ \/ \d+$/.test((await cell("Pods").innerText()).trim()));
  const before = await cell("CPU").innerHTML();
  await eventually("it moves", async () => (await cell("CPU").innerHTML()) !== before);
});

test("a node's page shows what it has, what is asked for, what is used, and its pods", async (t) => {
  const node = await a_node(t);
  const page = await t.open(`/ui/nodes/${name_of(node)}`);
  const capacity = page.getByRole("table", { name: "Capacity" });
  await eventually("CPU in use", async () =>
    /%/.test(await capacity.getByRole("row").filter({ hasText: "CPU" }).innerText()),
  );
  await shown(
    page.getByRole("img", { name: "CPU of the last minutes" }).or(page.getByLabel("CPU of the last minutes")),
  );
  const pods = (await list(t, "/api/v1/pods")).filter((p) => p.spec.nodeName === name_of(node));
  await eventually(
    "its pods",
    async () =>
      Number(await page.getByRole("grid", { name: "Pods" }).getAttribute("aria-rowcount")) === pods.length + 1,
  );
  await shown(page.getByRole("table", { name: "Conditions" }).getByText("Ready", { exact: true }));
});

test("cordon and uncordon, with the way back in the message", async (t) => {
  const node = await a_node(t);
  const page = await t.open(`/ui/nodes/${name_of(node)}`);
  const off = async () => !!(await t.api("GET", `/api/v1/nodes/${name_of(node)}`)).spec.unschedulable;
  await button(page, "Cordon").click();
  await eventually("cordoned", off);
  await shown(page.getByText(`${name_of(node)} takes no new pods`));
  await shown(button(page, "Uncordon"));
  const messages = page.getByRole("region", { name: "Messages" });
  const copy = messages.getByRole("button", { name: "Copy as kubectl" });
  assert.equal(await copy.getAttribute("title"), `kubectl cordon ${name_of(node)}`);
  await t.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await copy.click();
  await shown(messages.getByRole("button", { name: "Copied" }));
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), `kubectl cordon ${name_of(node)}`);
  await messages.getByRole("button", { name: "Uncordon" }).click();
  await eventually("uncordoned", async () => !(await off()));
  await shown(button(page, "Cordon"));
  assert.equal(await copy.getAttribute("title"), `kubectl uncordon ${name_of(node)}`);
});

test("the plan of a drain says what becomes of each pod before anything happens", async (t) => {
  const node = await a_node(t);
  const page = await t.open(`/ui/nodes/${name_of(node)}`);
  await button(page, "Drain").click();
  const dialog = page.getByRole("dialog", { name: `Drain node ${name_of(node)}` });
  await shown(dialog.getByText(/takes no new pods, and \d+ of its pods/));
  const pods = (await list(t, "/api/v1/pods")).filter((p) => p.spec.nodeName === name_of(node));
  await eventually(
    "each pod",
    async () =>
      (await dialog.getByRole("list", { name: "Pods of the node" }).getByRole("listitem").count()) === pods.length,
  );
  assert.equal(
    await dialog.getByRole("button", { name: "Copy as kubectl" }).getAttribute("title"),
    `kubectl drain ${name_of(node)} --ignore-daemonsets`,
  );
  await page.keyboard.press("Escape");
  await gone(dialog);
  await focused(button(page, "Drain"));
  assert.ok(!(await t.api("GET", `/api/v1/nodes/${name_of(node)}`)).spec.unschedulable);
});

test("a drain under way is not closed over without a word", async (t) => {
  const node = await a_node(t);
  const away = (method) => method === "POST"; // no eviction is answered: the drain goes on
  await t.page.route(/\/eviction$/, (route) => (away(route.request().method()) ? route.abort() : route.continue()));
  t.watch.allow(/ERR_FAILED/);
  const page = await t.open(`/ui/nodes/${name_of(node)}`);
  t.later(() => t.api("PATCH", `/api/v1/nodes/${name_of(node)}`, { spec: { unschedulable: null } }, MERGE));
  await button(page, "Drain").click();
  const dialog = page.getByRole("dialog", { name: `Drain node ${name_of(node)}`, exact: true });
  for (const box of await dialog.getByRole("checkbox").all()) await box.check();
  await dialog.getByRole("button", { name: "Drain", exact: true }).click();
  await shown(dialog.getByText("Held back"));
  await shown(dialog.getByText("Failed to fetch"));
  const question = page.getByRole("dialog", { name: `Stop draining ${name_of(node)}?` });
  await page.keyboard.press("Escape");
  await shown(question);
  await question.getByRole("button", { name: "Cancel" }).click();
  await gone(question);
  await shown(dialog.getByText(/^0 of \d+ pods are gone/));
  await page.mouse.click(3, 3); // beside it
  await shown(question);
  await question.getByRole("button", { name: "Stop draining" }).click();
  await shown(dialog.getByText(/^Stopped: 0 of/));
  await page.keyboard.press("Escape");
  await gone(dialog);
});

test("a node that does not answer says why in a sentence", async (t) => {
  const away = (await list(t, "/api/v1/nodes")).find(
    (n) => !n.status.conditions.some((c) => c.type === "Ready" && c.status === "True"),
  );
  const page = await t.open("/ui/nodes?q=status:notready");
  await row(page, name_of(away))
    .getByRole("link", { name: name_of(away) })
    .first()
    .click();
  await at(page, new RegExp(`^/ui/nodes/${name_of(away)}`));
  await shown(page.getByText(/not ready|NotReady/i));
});
