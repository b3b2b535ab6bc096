// The shell in a container (2.5): it echoes, resizes, and says how it ended.
import { test } from "../lib/test.mjs";
import { assert, eventually, shown } from "../lib/wait.mjs";

const screen = (page) => page.locator(".xterm-rows");
const says = (page, pattern) =>
  eventually(`the terminal says ${pattern}`, async () =>
    pattern.exec((await screen(page).innerText()).replaceAll("\u00a0", " ")),
  );

test("it echoes, resizes and says its exit code", async ({ open, page }) => {
  await open("/ui/shell/default/one");
  await shown(screen(page));
  await page.getByRole("textbox", { name: /terminal/i }).focus();
  await says(page, /[#$]/);
  await page.keyboard.type("echo sum-$((40+2))\n");
  await says(page, /^sum-42/m);
  await page.keyboard.type("stty size\n");
  const [, rows, columns] = await says(page, /^(\d+) (\d+)\s*$/m);
  await page.setViewportSize({ width: 900, height: 500 });
  await eventually("another size", async () => {
    await page.keyboard.type("clear; stty size\n");
    const [, r, c] = await says(page, /^(\d+) (\d+)\s*$/m);
    return Number(r) < Number(rows) && Number(c) < Number(columns);
  });
  await page.keyboard.type("exit 3\n");
  await shown(page.getByRole("status").getByText("exit code 3"));
});

test("keys of the page are not taken while one types in the shell", async ({ open, page }) => {
  await open("/ui/shell/default/one");
  await page.getByRole("textbox", { name: /terminal/i }).focus();
  await says(page, /[#$]/);
  await page.keyboard.type("echo gp?/:jk\n");
  await says(page, /^gp\?\/:jk/m);
  assert.match(page.url(), /\/ui\/shell\/default\/one/);
  assert.equal(await page.getByRole("dialog").count(), 0);
});
