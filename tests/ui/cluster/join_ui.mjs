// "Add a machine" (2.11): the command of the page, typed on another machine, makes a node that appears on the page.
import { test } from "../lib/test.mjs";
import { assert, eventually, shown, text_of } from "../lib/wait.mjs";

test("the command of the page joins a machine, which appears live", async (t) => {
  const { joiner, binary } = t.server.about;
  const page = await t.open("/ui/join");
  await shown(page.getByText("Waiting for a machine…"));
  await page.getByRole("button", { name: "Make a command" }).click();
  const command = page.getByRole("group", { name: "The command" });
  const [, address, token] = await text_of(command.locator("code"), /appliance join (\S+) --token (K10[\w.:-]+)/);
  assert.match(token, /^K10/);
  await t.server.call([...joiner.inside, binary, "join", address, "--token", token, ...joiner.dirs, ...joiner.flags]);
  const row = page.getByRole("list", { name: "Nodes" }).getByRole("listitem").filter({ hasText: joiner.name });
  await shown(row, 30_000);
  await shown(page.getByText("1 machine has joined."));
  await eventually("Ready", async () => /\bReady\b/.test(await row.innerText()), 30_000);
});
