// What can be done to an object (2.12): each action says in a dialog what will happen and which kubectl command does the
// same, does it, and gives the focus back.
import {
  a_deployment,
  a_pod,
  deployment_page,
  deployment_path,
  name_of,
  ns_of,
  pod_page,
  pod_path,
} from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, eventually, focused, gone, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

const button = (page, name) =>
  page.getByRole("group", { name: /^Actions for/ }).getByRole("button", { name, exact: true });

async function dialog_of(page, verb, title) {
  await button(page, verb).click();
  const dialog = page.getByRole("dialog", { name: title });
  await shown(dialog);
  return dialog;
}

const kubectl_of = (dialog) => dialog.getByRole("button", { name: "Copy as kubectl" }).getAttribute("title");

test("scale sets the replicas, and the dialog shows them come", async (t) => {
  const d = await a_deployment(t);
  const page = await t.open(deployment_page(d));
  const dialog = await dialog_of(page, "Scale", `Scale deployment ${name_of(d)}`);
  const replicas = dialog.getByRole("spinbutton", { name: "Replicas" });
  await eventually("one more is offered", async () => (await replicas.inputValue()) === String(d.spec.replicas + 1));
  await dialog.getByRole("button", { name: "One more" }).click();
  const count = d.spec.replicas + 2;
  assert.equal(await replicas.inputValue(), String(count));
  assert.equal(await kubectl_of(dialog), `kubectl scale deployment/${name_of(d)} -n ${ns_of(d)} --replicas=${count}`);
  await dialog.getByRole("button", { name: "Scale", exact: true }).click();
  await eventually("scaled", async () => (await t.api("GET", deployment_path(d))).spec.replicas === count);
  await shown(dialog.getByText(new RegExp(`of ${count} ready`)));
  await page.keyboard.press("Escape");
  await gone(dialog);
  await focused(button(page, "Scale"));
});

test("restart sets the annotation that kubectl rollout restart sets", async (t) => {
  const d = await a_deployment(t);
  const before = d.spec.template.metadata.annotations?.["kubectl.kubernetes.io/restartedAt"];
  const page = await t.open(deployment_page(d));
  const dialog = await dialog_of(page, "Restart", `Restart deployment ${name_of(d)}`);
  assert.equal(await kubectl_of(dialog), `kubectl rollout restart deployment/${name_of(d)} -n ${ns_of(d)}`);
  await dialog.getByRole("button", { name: "Restart", exact: true }).click();
  await gone(dialog);
  await shown(page.getByText(`${name_of(d)} restarts`));
  const { annotations } = (await t.api("GET", deployment_path(d))).spec.template.metadata;
  assert.ok(annotations?.["kubectl.kubernetes.io/restartedAt"], JSON.stringify(annotations));
  assert.notEqual(annotations["kubectl.kubernetes.io/restartedAt"], before);
});

test("undo shows what changes and goes back to the revision", async (t) => {
  const d = await a_deployment(t, { revisions: 2 });
  const template = JSON.stringify(d.spec.template.spec);
  const page = await t.open(deployment_page(d));
  const dialog = await dialog_of(page, "Roll back", `Roll back ${name_of(d)}`);
  const go = dialog.getByRole("button", { name: /^Roll back to \d+$/ });
  await shown(go);
  assert.match((await kubectl_of(dialog)) ?? "", /^kubectl rollout undo deployment\/\S+ -n \S+ --to-revision=\d+$/);
  await shown(dialog.getByRole("table", { name: /^What revision \d+ changes$/ }));
  await go.click();
  await gone(dialog);
  await eventually(
    "another template",
    async () => JSON.stringify((await t.api("GET", deployment_path(d))).spec.template.spec) !== template,
  );
});

test("delete says what goes too, and wants the name typed", async (t) => {
  t.watch.allow(/status of 404/); // the page of what is gone
  const d = await a_deployment(t, { replicas: 3, nth: 1 });
  const page = await t.open(deployment_page(d));
  const dialog = await dialog_of(page, "Delete", `Delete deployment ${name_of(d)}`);
  const go = dialog.getByRole("button", { name: "Delete", exact: true });
  await shown(dialog.getByText(new RegExp(`and with it .*${d.spec.replicas} pods`)));
  assert.ok(await go.isDisabled());
  assert.equal(await kubectl_of(dialog), `kubectl delete deployment ${name_of(d)} -n ${ns_of(d)}`);
  await dialog.getByLabel(/^Type .* to delete all of it$/).fill(name_of(d));
  await go.click();
  await gone(dialog);
  await eventually("gone or going", async () => {
    const now = await t.api("GET", deployment_path(d)).catch((error) => error);
    return now instanceof Error ? /: 404 /.test(now.message) : now.metadata.deletionTimestamp;
  });
});

test("a pod is evicted", async (t) => {
  const p = await a_pod(t);
  t.watch.allow(/status of 404/);
  const page = await t.open(pod_page(p));
  const dialog = await dialog_of(page, "Evict", `Evict pod ${name_of(p)}`);
  await dialog.getByRole("button", { name: "Evict", exact: true }).click();
  await gone(dialog);
  await eventually("gone or going", async () => {
    const now = await t.api("GET", pod_path(p)).catch((error) => error);
    return now instanceof Error || now.metadata.deletionTimestamp || now.metadata.uid !== p.metadata.uid;
  });
});

test("what the server refuses stands in the dialog, in its own words", async (t) => {
  t.watch.allow(/status of 404/);
  const d = await a_deployment(t, { nth: 2 });
  const page = await t.open(deployment_page(d));
  const dialog = await dialog_of(page, "Restart", `Restart deployment ${name_of(d)}`);
  await t.api("DELETE", deployment_path(d) + "?propagationPolicy=Background");
  await eventually("gone", async () => (await t.api("GET", deployment_path(d)).catch((e) => e)) instanceof Error);
  await dialog.getByRole("button", { name: "Restart", exact: true }).click();
  await shown(dialog.getByRole("alert").getByText(`deployments.apps "${name_of(d)}" not found`));
});

test("copy as kubectl puts the command on the clipboard", async (t) => {
  await t.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const d = await a_deployment(t);
  const page = await t.open(deployment_page(d));
  const dialog = await dialog_of(page, "Restart", `Restart deployment ${name_of(d)}`);
  await dialog.getByRole("button", { name: "Copy as kubectl" }).click();
  await shown(dialog.getByRole("button", { name: "Copied" }));
  assert.equal(
    await page.evaluate(() => navigator.clipboard.readText()),
    `kubectl rollout restart deployment/${name_of(d)} -n ${ns_of(d)}`,
  );
});
