// Live CPU, memory and pods (2.8) of machines that really use them.
import { test } from "../lib/test.mjs";
import { eventually, shown } from "../lib/wait.mjs";

test("nodes show their CPU and memory, live", async ({ open }) => {
  const page = await open("/ui/nodes");
  for (const node of ["n1", "w1"]) {
    const row = page.getByRole("row").filter({ hasText: node });
    await shown(row);
    await eventually(
      `usage of ${node}`,
      async () => /\d(\.\d+)?\s*(MiB|GiB|Mi|Gi|MB|GB|%)/.test(await row.first().innerText()),
      20_000,
    );
  }
});

test("a node's page shows what it uses and its pods", async ({ open }) => {
  const page = await open("/ui/nodes/n1");
  const capacity = page.getByRole("table", { name: "Capacity" });
  const used = (what) =>
    capacity.getByRole("row").filter({ hasText: what }).locator('[data-column="Used"]').innerText();
  await eventually(
    "memory in use",
    async () => /^[\d.,]*[1-9][\d.,]* ?[KMG]i?B? \(\d+ ?%\)/.test(await used("Memory")),
    20_000,
  );
  await eventually("CPU in use", async () => /\d.*\(.*\d.*%\)/.test(await used("CPU")), 20_000);
  await shown(page.getByRole("main").getByText("one", { exact: true }));
});
