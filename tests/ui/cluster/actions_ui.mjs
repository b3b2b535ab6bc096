// Actions whose effect controllers and kubelets make (2.12): pods really come, go and are replaced.
import { test } from "../lib/test.mjs";
import { assert, eventually, gone, shown } from "../lib/wait.mjs";

const PAGE = "/ui/workloads/deployments/default/web";
const ready = async (t) =>
  (await t.api("GET", "/api/v1/namespaces/default/pods?labelSelector=app%3Dweb")).items.filter(
    (p) => !p.metadata.deletionTimestamp && p.status.conditions?.some((c) => c.type === "Ready" && c.status === "True"),
  );
const uids = (pods) =>
  pods
    .map((p) => p.metadata.uid)
    .sort()
    .join();
const button = (page, name) =>
  page.getByRole("group", { name: /^Actions for/ }).getByRole("button", { name, exact: true });

test("scale starts pods, and the dialog counts them", async (t) => {
  const page = await t.open(PAGE);
  await button(page, "Scale").click();
  const dialog = page.getByRole("dialog");
  const count = dialog.getByRole("spinbutton", { name: "Replicas" });
  await eventually("the number", async () => (await count.inputValue()) === "3");
  await dialog.getByRole("button", { name: "Scale", exact: true }).click();
  await shown(dialog.getByText("3 of 3 ready"), 30_000);
  await count.fill("2");
  await dialog.getByRole("button", { name: "Scale", exact: true }).click();
  await shown(dialog.getByText("2 of 2 ready"), 30_000);
  await page.keyboard.press("Escape");
  await gone(dialog);
  await eventually("two", async () => (await ready(t)).length === 2, 30_000);
});

test("restart replaces every pod", async (t) => {
  const before = uids(await ready(t));
  const page = await t.open(PAGE);
  await button(page, "Restart").click();
  await page.getByRole("dialog").getByRole("button", { name: "Restart", exact: true }).click();
  await eventually(
    "two new pods",
    async () => {
      const now = await ready(t);
      return now.length === 2 && now.every((p) => !before.includes(p.metadata.uid));
    },
    40_000,
  );
});

test("undo brings the pods of the revision before", async (t) => {
  await t.server.kubectl("set", "env", "deploy/web", "COLOR=red");
  await t.server.kubectl("rollout", "status", "deploy/web", "--timeout=60s");
  const page = await t.open(PAGE);
  await button(page, "Roll back").click();
  const dialog = page.getByRole("dialog");
  await shown(dialog.getByText("red"));
  await dialog.getByRole("button", { name: /^Roll back to/ }).click();
  await gone(dialog);
  await eventually(
    "pods of the old template",
    async () => {
      const now = await ready(t);
      const colors = now.map((p) => p.spec.containers[0].env?.find((e) => e.name === "COLOR")?.value);
      return now.length === 2 && colors.every((c) => c !== "red");
    },
    40_000,
  );
});

test("delete takes a deployment and its pods away", async (t) => {
  t.watch.allow(/status of 404/);
  await t.server.kubectl(
    "create",
    "deployment",
    "gone",
    "--image=test/busybox:1",
    "--replicas=1",
    "--",
    "sleep",
    "100000",
  );
  const list = async () => (await t.api("GET", "/api/v1/namespaces/default/pods?labelSelector=app%3Dgone")).items;
  await eventually("its pod", async () => (await list()).length === 1);
  const page = await t.open("/ui/workloads/deployments/default/gone");
  await button(page, "Delete").click();
  const dialog = page.getByRole("dialog");
  await shown(dialog.getByText(/and with it .*1 pod\b/));
  await dialog.getByLabel(/^Type/).fill("gone");
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await gone(dialog);
  await eventually("gone", async () => (await list()).length === 0, 60_000);
  assert.ok(!/deployment\/gone/.test(await t.server.kubectl("get", "deploy", "-o", "name")));
});
