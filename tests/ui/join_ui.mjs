// "Add a machine" (2.11): the token and the command; a node that appears on the page. (A real one: tests/ui/cluster.)
import { list, name_of } from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, eventually, gone, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

const command = (page) => page.getByRole("group", { name: "The command" });
const tokens = (page) => page.getByRole("table", { name: "Tokens" });

test("a command with a token is made, listed, copied and revoked", async (t) => {
  await t.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await t.open("/ui/join");
  await page.getByLabel(/^What for/).fill("rack 4");
  await page.getByRole("button", { name: "Make a command" }).click();
  await shown(command(page));
  const text = (await command(page).locator("code").innerText()).trim();
  assert.match(text, /appliance join \S+ --token K10\S+/);
  await command(page).getByRole("button", { name: "Copy the command" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
  await shown(tokens(page).getByText("rack 4"));
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href]));
  assert.doesNotMatch(kept, /K10/);
  await tokens(page)
    .getByRole("button", { name: /^Revoke token/ })
    .first()
    .click();
  await page.getByRole("dialog").getByRole("button", { name: "Revoke", exact: true }).click();
  await gone(tokens(page).getByText("rack 4"));
});

test("a node that joins appears by itself", async (t) => {
  const page = await t.open("/ui/join");
  await shown(page.getByText("Waiting for a machine…"));
  const [model] = await list(t, "/api/v1/nodes");
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "fresh-1", labels: model.metadata.labels },
    spec: {},
  };
  await t.api("POST", "/api/v1/nodes", node);
  await shown(page.getByText("1 machine has joined."));
  await shown(page.getByRole("list", { name: "Nodes" }).getByRole("link", { name: "fresh-1" }));
  assert.notEqual(name_of(model), "fresh-1");
  await t.api("DELETE", "/api/v1/nodes/fresh-1");
  await eventually("gone again", async () => (await page.getByRole("link", { name: "fresh-1" }).count()) === 0);
});
