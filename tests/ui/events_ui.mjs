// Events (2.10): newest first, live, by reason, about what.
import { a_pod, list, name_of, ns_of } from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, at, eventually, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

const grid = (page) => page.getByRole("grid", { name: "Events" });
const count = async (page) => Number(await grid(page).getAttribute("aria-rowcount")) - 1;

test("a new event appears by itself, at the top, and leads to its object", async (t) => {
  const p = await a_pod(t);
  const page = await t.open("/ui/events");
  await shown(grid(page).getByRole("row").nth(1));
  const now = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  await t.api("POST", `/api/v1/namespaces/${ns_of(p)}/events`, {
    metadata: { name: "made-by-a-test", namespace: ns_of(p) },
    involvedObject: { apiVersion: "v1", kind: "Pod", name: name_of(p), namespace: ns_of(p), uid: p.metadata.uid },
    reason: "Tested",
    message: "Somebody looked at it.",
    type: "Normal",
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
  });
  const row = grid(page).getByRole("row").filter({ hasText: "Somebody looked at it." });
  await shown(row);
  assert.equal(await row.getAttribute("aria-rowindex"), "2");
  await row.getByRole("link").first().click();
  await at(page, new RegExp(`^/ui/pods/${ns_of(p)}/${name_of(p)}`));
});

test("a reason cuts the list to it", async (t) => {
  const page = await t.open("/ui/events");
  const all = (await list(t, "/api/v1/events")).length;
  await eventually("all", async () => (await count(page)) >= all);
  const chip = page.getByRole("group", { name: "By reason" }).getByRole("button").first();
  await chip.click();
  await at(page, /q=status/);
  await eventually("fewer", async () => (await count(page)) > 0 && (await count(page)) < all);
  assert.equal(await chip.getAttribute("aria-pressed"), "true");
});
