// Drain (2.8): what becomes of each pod, then what happens, until the node is empty; and back.
import { test } from "../lib/test.mjs";
import { assert, eventually, gone, shown } from "../lib/wait.mjs";

test("drain says what becomes of each pod, empties the node, and uncordon gives it back", async (t) => {
  const pods_of = async (node) =>
    (await t.api("GET", "/api/v1/pods")).items.filter((p) => p.spec.nodeName === node && !p.metadata.deletionTimestamp);
  await t.server.kubectl("scale", "deploy/web", "--replicas=4");
  await eventually("pods on w1", async () => (await pods_of("w1")).length > 0, 30_000);
  const page = await t.open("/ui/nodes/w1");
  await page.getByRole("button", { name: "Drain", exact: true }).click();
  const dialog = page.getByRole("dialog", { name: "Drain node w1" });
  await shown(dialog.getByText(/w1 takes no new pods, and \d+ of its pods move elsewhere/));
  await shown(dialog.getByRole("list", { name: "Pods of the node" }).getByText(/web-/));
  await dialog.getByRole("button", { name: "Drain", exact: true }).click();
  await shown(dialog.getByText(/of \d+ pods are gone\. The node stays cordoned/), 60_000);
  assert.equal((await pods_of("w1")).length, 0);
  await dialog.getByRole("button", { name: "Close", exact: true }).last().click();
  await gone(dialog);
  await page.getByRole("button", { name: "Uncordon", exact: true }).click();
  await eventually("schedulable", async () => !(await t.api("GET", "/api/v1/nodes/w1")).spec.unschedulable);
  await t.server.kubectl("scale", "deploy/web", "--replicas=2");
});
