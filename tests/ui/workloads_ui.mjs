// Workloads (2.2): the list, replicas that change live, conditions, the history of revisions, events, the chain of owners.
import { a_deployment, deployment_page, deployment_path, deployments, list, name_of, ns_of } from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, at, eventually, gone, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

const merge = "application/merge-patch+json";
const region = (page, name) => page.getByRole("region", { name, exact: true });

test("the list shows every deployment with its replicas, and a row leads to its page", async (t) => {
  const all = await deployments(t);
  const page = await t.open("/ui/workloads?sort=Name");
  const grid = page.getByRole("grid", { name: "Deployments" });
  await eventually("all of them", async () => Number(await grid.getAttribute("aria-rowcount")) === all.length + 1);
  const d = await a_deployment(t);
  await page.getByRole("searchbox", { name: "Filter the deployments" }).fill(name_of(d));
  await grid
    .getByRole("link", { name: name_of(d), exact: true })
    .first()
    .click();
  await at(page, new RegExp(`^/ui/workloads/deployments/[^/]+/${name_of(d)}`));
});

test("replicas and conditions stand on the page and change live", async (t) => {
  const d = await a_deployment(t);
  const page = await t.open(deployment_page(d));
  await shown(page.getByRole("heading", { level: 1, name: name_of(d) }));
  await shown(page.getByRole("img", { name: new RegExp(`of ${d.spec.replicas} replicas are available`) }));
  await shown(page.getByRole("table", { name: "Conditions" }).getByText("Available"));
  const ready = { readyReplicas: 1, availableReplicas: 1 };
  await t.api("PATCH", `${deployment_path(d)}/status`, { status: ready }, merge);
  await shown(page.getByRole("img", { name: `1 of ${d.spec.replicas} replicas are available, 1 ready` }));
});

test("its pods are a table of their own, and their logs one key away", async (t) => {
  const d = await a_deployment(t);
  const page = await t.open(deployment_page(d));
  const grid = region(page, "Pods").getByRole("grid", { name: "Pods" });
  await eventually("its pods", async () => Number(await grid.getAttribute("aria-rowcount")) === d.spec.replicas + 1);
  await grid.getByRole("row").nth(1).focus();
  await page.keyboard.press("l");
  await at(page, /^\/ui\/logs\/pods\//);
});

test("keys on the row of a pod are about the pod, elsewhere on the page about the deployment", async (t) => {
  const d = await a_deployment(t);
  const page = await t.open(deployment_page(d));
  const row = region(page, "Pods").getByRole("grid", { name: "Pods" }).getByRole("row").nth(1);
  const pod = ((await row.locator('[data-name="Name"]').textContent()) ?? "").trim();
  assert.ok(pod.startsWith(`${name_of(d)}-`), pod);
  await row.focus();
  await page.keyboard.press("Control+d");
  const of_pod = page.getByRole("dialog", { name: `Delete pod ${pod}`, exact: true });
  await shown(of_pod);
  await page.keyboard.press("Escape");
  await gone(of_pod);
  await row.focus();
  await page.keyboard.press("Tab"); // to something behind the row, or in it
  await page
    .getByRole("group", { name: /^Actions for/ })
    .getByRole("link", { name: "YAML" })
    .focus();
  await page.keyboard.press("Control+d");
  await shown(page.getByRole("dialog", { name: `Delete deployment ${name_of(d)}`, exact: true }));
});

test("e on a row edits it, also when a namespace is chosen", async (t) => {
  const d = await a_deployment(t);
  const page = await t.open(`/ui/workloads?ns=${ns_of(d)}&q=${name_of(d)}`);
  const row = page.getByRole("grid", { name: "Deployments" }).getByRole("row").nth(1);
  await row.focus();
  await page.keyboard.press("e");
  const [url] = await at(page, /^\/ui\/yaml\/deployments\/.*/);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(url.split("?")[1])), { ns: ns_of(d), edit: "1" });
  await shown(page.getByRole("textbox", { name: "YAML, editable" }));
});

test("the history says what each revision changed", async (t) => {
  const d = await a_deployment(t, { revisions: 2 });
  const page = await t.open(deployment_page(d));
  const history = region(page, "History");
  await shown(history.getByRole("heading", { name: /^Revision \d+ now/ }));
  assert.ok((await history.getByRole("listitem").count()) >= 2);
  await shown(history.getByText(/became|added as|taken away/));
  await history
    .getByRole("button", { name: /^Roll back to \d+$/ })
    .first()
    .click();
  await shown(page.getByRole("dialog", { name: `Roll back ${name_of(d)}` }));
});

test("events of a deployment, its replica sets and its pods stand together", async (t) => {
  const events = await list(t, "/api/v1/events");
  const about = events.find((e) => e.involvedObject.kind === "Pod");
  const d = (await deployments(t)).find(
    (one) => ns_of(one) === about.involvedObject.namespace && about.involvedObject.name.startsWith(`${name_of(one)}-`),
  );
  const page = await t.open(deployment_page(d));
  await shown(region(page, "Events").getByRole("table", { name: "Events" }).getByText(about.reason, { exact: true }));
});

test("a replica set leads to the deployment that made it", async (t) => {
  const set = (await list(t, "/apis/apps/v1/replicasets")).find((s) => s.metadata.ownerReferences?.length);
  const page = await t.open(`/ui/workloads/replicasets/${ns_of(set)}/${name_of(set)}`);
  const owner = set.metadata.ownerReferences[0].name;
  await page.getByRole("link", { name: `deployment ${owner}`, exact: true }).click();
  await at(page, new RegExp(`^/ui/workloads/deployments/${ns_of(set)}/${owner}`));
});

test("a rollout is paused and goes on", async (t) => {
  const d = await a_deployment(t);
  const page = await t.open(deployment_page(d));
  await page.getByRole("button", { name: "Pause rollout" }).click();
  await eventually("paused", async () => (await t.api("GET", deployment_path(d))).spec.paused === true);
  const messages = page.getByRole("region", { name: "Messages" });
  const command = async () => messages.getByRole("button", { name: "Copy as kubectl" }).last().getAttribute("title");
  assert.equal(await command(), `kubectl rollout pause deployment/${name_of(d)} -n ${ns_of(d)}`);
  await page.getByRole("button", { name: "Resume rollout" }).click();
  await eventually("goes on", async () => !(await t.api("GET", deployment_path(d))).spec.paused);
  await shown(messages.getByText(`Rollout of ${name_of(d)} goes on`));
  assert.equal(await command(), `kubectl rollout resume deployment/${name_of(d)} -n ${ns_of(d)}`);
});
