// One pod (2.3): why it is not well in a sentence, its containers, probes, restarts with their reasons, its events.
import { a_pod, crashing, deployments, name_of, ns_of, pod_page, pod_path } from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, at, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

const why = (page) => page.getByRole("region", { name: "Why it is not well" });
const container = (page, name) => page.getByRole("region", { name: `container ${name}` });

test("a crashing pod says why in a sentence, and its logs are one click away", async (t) => {
  const p = await a_pod(t, crashing);
  const page = await t.open(pod_page(p));
  await shown(page.getByRole("heading", { level: 1, name: name_of(p) }));
  await shown(why(page).getByRole("heading"));
  assert.match(await why(page).getByRole("heading").innerText(), /\w+ .*\w+/);
  await why(page).getByRole("link", { name: /logs/i }).first().click();
  await at(page, new RegExp(`^/ui/logs/pods/${ns_of(p)}/${name_of(p)}`));
});

test("containers show their image, restarts with the reason of the last end, and probes", async (t) => {
  const p = await a_pod(t, (one) => crashing(one) && one.status.containerStatuses.some((s) => s.lastState?.terminated));
  const status = p.status.containerStatuses.find((s) => s.lastState?.terminated);
  const page = await t.open(pod_page(p));
  const card = container(page, status.name);
  await shown(card.getByText(p.spec.containers.find((c) => c.name === status.name).image));
  await shown(card.getByText(new RegExp(`${status.restartCount}; the last end: `)));
  await shown(card.getByText(new RegExp(`\\b${status.lastState.terminated.exitCode}\\b`)));
  await shown(card.getByRole("link", { name: `Logs of ${status.name} before its last end` }));
});

test("probes are said in words", async (t) => {
  const probed = (one) => one.spec.containers.some((c) => c.readinessProbe);
  const p = await a_pod(t, probed);
  const page = await t.open(pod_page(p));
  const name = p.spec.containers.find((c) => c.readinessProbe).name;
  await shown(container(page, name).getByText("Readiness probe"));
});

test("conditions, events and the chain of owners stand on the page", async (t) => {
  const p = await a_pod(t, crashing);
  const page = await t.open(pod_page(p));
  await shown(page.getByRole("table", { name: "Conditions" }).getByText("ContainersReady"));
  await shown(page.getByRole("region", { name: "Events" }).getByText(/BackOff|Back-off/));
  const chain = page.getByRole("complementary", { name: "Facts" });
  const set = p.metadata.ownerReferences[0].name;
  await shown(chain.getByRole("link", { name: new RegExp(`${set}$`) }));
  const d = (await deployments(t)).find((one) => ns_of(one) === ns_of(p) && set.startsWith(`${name_of(one)}-`));
  await chain.getByRole("link", { name: `deployment ${name_of(d)}`, exact: true }).click();
  await at(page, new RegExp(`^/ui/workloads/deployments/${ns_of(p)}/${name_of(d)}`));
});

test("what changes in the pod changes on its page", async (t) => {
  const p = await a_pod(t);
  const page = await t.open(pod_page(p));
  await shown(page.getByRole("heading", { level: 1, name: name_of(p) }));
  const body = { status: { phase: "Failed", reason: "Evicted", message: "The node was low on memory." } };
  await t.api("PATCH", `${pod_path(p)}/status`, body, "application/merge-patch+json");
  await shown(page.getByText(/low on memory/));
});

test("a pod that is deleted under the page says so", async (t) => {
  t.watch.allow(/status of 404/);
  const p = await a_pod(t);
  const page = await t.open(pod_page(p));
  await shown(page.getByRole("heading", { name: "Containers" })); // the object itself has come
  await t.api("DELETE", `${pod_path(p)}?gracePeriodSeconds=0`);
  await shown(page.getByRole("status").getByText(/has been deleted/));
});
