// The overview (2.1): what is wrong stands first, in sentences; its logs are one click away; then how full, and what changed.
import { a_pod, crashing, name_of, ns_of } from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, at, eventually, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

const merge = "application/merge-patch+json";
const problems = (page) => page.getByRole("region", { name: "Problems" });
const first = (page) => problems(page).getByRole("listitem").first();

const is_ready = (node) => node.status.conditions.some((c) => c.type === "Ready" && c.status === "True");
function set_condition(t, node, condition) {
  const conditions = [...node.status.conditions.filter((c) => c.type !== condition.type), condition];
  return t.api("PATCH", `/api/v1/nodes/${name_of(node)}/status`, { status: { conditions } }, merge);
}

test("problems stand first, worst first, each with its reason in a sentence", async (t) => {
  const node = (await t.api("GET", "/api/v1/nodes")).items.find(is_ready);
  const short = { type: "MemoryPressure", status: "True", reason: "Test", message: "said so" };
  await set_condition(t, node, short); // of the others none is less than broken
  t.later(() => set_condition(t, node, { ...short, status: "False" }));
  const page = await t.open("/ui/");
  await shown(page.getByRole("heading", { level: 1, name: /\d+ (problem|thing)/ }));
  await shown(first(page));
  for (const text of await problems(page).getByRole("listitem").allInnerTexts()) {
    assert.match(text, /[A-Z].{10,}\./, `no sentence in: ${text}`);
  }
  const [top, capacity] = await Promise.all([
    first(page).boundingBox(),
    page.getByRole("region", { name: "Capacity" }).boundingBox(),
  ]);
  assert.ok(top && capacity && top.y < capacity.y, "capacity stands above the problems");
  assert.ok(top.y + top.height < 800, "the first problem is not on the first screen");
  await page.getByRole("button", { name: /^Show (all|the worst) \d+/ }).click();
  await eventually("all of them", async () => (await problems(page).getByRole("listitem").count()) > 8);
  const severities = await problems(page)
    .getByRole("listitem")
    .evaluateAll((all) => all.map((e) => Number(/\bs(\d)\b/.exec(e.className)?.[1])));
  assert.ok(severities.every((s) => s === 1 || s === 2) && new Set(severities).size === 2, severities.join(" "));
  assert.deepEqual(severities, [...severities].sort().reverse());
});

test("one click leads from a problem to its logs", async ({ open }) => {
  const page = await open("/ui/");
  await problems(page)
    .getByRole("link", { name: /^Logs of/ })
    .first()
    .click();
  await at(page, /^\/ui\/logs\/(pods|deployments|replicasets)\/[^/]+\/[^/]+/);
});

test("a problem that comes and goes is there and gone, live", async (t) => {
  const page = await t.open("/ui/?all=1");
  await shown(first(page));
  const node = (await t.api("GET", "/api/v1/nodes")).items.find(is_ready);
  const set = (status) => set_condition(t, node, { type: "Ready", status, reason: "Test", message: "said so" });
  const entry = problems(page).getByRole("link", { name: name_of(node), exact: true });
  await set("Unknown");
  await shown(entry);
  await shown(page.getByRole("banner").getByRole("link", { name: /nodes/ }));
  await set("True");
  await eventually("it is gone", async () => (await entry.count()) === 0);
});

test("capacity says processors, memory, pods and nodes, and leads there", async (t) => {
  const page = await t.open("/ui/");
  const tiles = page.getByRole("region", { name: "Capacity" });
  const nodes = (await t.api("GET", "/api/v1/nodes")).items.length;
  await shown(tiles.getByRole("link", { name: new RegExp(`Nodes \\d+ of ${nodes}`) }));
  await shown(tiles.getByRole("link", { name: /^CPU .*\d+ ?%/ }));
  await shown(tiles.getByRole("link", { name: /^Memory .*\d+ ?%/ }));
  await tiles.getByRole("link", { name: /^Pods 200/ }).click();
  await at(page, /^\/ui\/pods/);
});

test("what changed lately stands below, with its object", async ({ open }) => {
  const page = await open("/ui/");
  const changes = page.getByRole("region", { name: "Recent changes" });
  await shown(changes.getByRole("listitem"));
  await changes.getByRole("listitem").getByRole("link").first().click();
  await at(page, /^\/ui\/(pods|workloads|nodes|objects|network)\/.+/);
});

test("the header says how the cluster is on every page", async (t) => {
  const p = await a_pod(t, crashing);
  const page = await t.open(`/ui/pods/${ns_of(p)}/${name_of(p)}`);
  await page
    .getByRole("banner")
    .getByRole("link", { name: /\d+ problems?/ })
    .click();
  await at(page, /^\/ui\/overview/);
});
