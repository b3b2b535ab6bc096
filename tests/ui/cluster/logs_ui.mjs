// Logs of real pods (2.4): follow, of all pods of a workload merged, of the previous container.
import { test } from "../lib/test.mjs";
import { eventually, shown } from "../lib/wait.mjs";

const log = (page) => page.getByRole("region", { name: "Log lines" });
const numbers = (text, pod) => [...text.matchAll(new RegExp(`${pod} line (\\d+)`, "g"))].map((m) => Number(m[1]));

test("the pods of a workload are merged and followed", async (t) => {
  const pods = (await t.api("GET", "/api/v1/namespaces/default/pods?labelSelector=app%3Dweb")).items
    .filter((p) => !p.metadata.deletionTimestamp)
    .map((p) => p.metadata.name);
  const page = await t.open("/ui/logs/deployments/default/web");
  await shown(log(page));
  const last = async () => {
    const text = await log(page).innerText();
    return pods.map((pod) => Math.max(0, ...numbers(text, pod)));
  };
  const first = await eventually("lines of both", async () => ((now) => now.every((n) => n > 0) && now)(await last()));
  await eventually("newer lines of both", async () => (await last()).every((n, i) => n > first[i]));
});

test("the previous container's words are one click away", async (t) => {
  const page = await t.open("/ui/logs/pods/default/crash");
  await page.getByRole("button", { name: "Previous", exact: true }).click();
  await shown(log(page).getByText("before the crash"));
});
