// Nodes (2.8): what they have and use, live; cordon; the plan of a drain. (Draining itself: tests/ui/cluster.)
import { list, name_of } from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, at, eventually, focused, gone, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

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
  await page.getByRole("region", { name: "Messages" }).getByRole("button", { name: "Uncordon" }).click();
  await eventually("uncordoned", async () => !(await off()));
  await shown(button(page, "Cordon"));
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
