// "Add a machine" (2.11): the command of the page, typed on another machine, makes a node that appears on the page.
import { test } from "../lib/test.mjs";
import { assert, eventually, shown, text_of } from "../lib/wait.mjs";

test("the command of the page joins a machine, which appears live", async (t) => {
  const { joiner, binary } = t.server.about;
  const page = await t.open("/ui/join");
  const make = page.getByRole("button", { name: /(create|make|new).*(token|command)/i });
  if (await make.count()) await make.first().click();
  const [, address, token] = await text_of(page.getByText(/appliance join \S+ --token/), /appliance join (\S+) --token (\S+)/);
  assert.match(token, /^K10/);
  await t.server.call([...joiner.inside, binary, "join", address, "--token", token, ...joiner.dirs, ...joiner.flags]);
  const row = page.getByText(joiner.name, { exact: true });
  await shown(row, 30_000);
  await eventually("Ready", async () => /ready/i.test(await page.getByRole("main").innerText()), 30_000);
});
