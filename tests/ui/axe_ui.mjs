// No violation of WCAG A and AA on any page, in both themes, with dialogs open (3.2).
import { violations } from "./lib/axe.mjs";
import { a_deployment, deployment_page } from "./lib/objects.mjs";
import { all_pages, settled } from "./lib/pages.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

async function none(t, found, where) {
  const here = await violations(t.page);
  found.push(...here.map((one) => `${where}: ${one}`));
}

const said = (found) => assert.equal(found.length, 0, `${found.length} violations\n${found.join("\n")}`);

async function every_page(t) {
  const found = [];
  for (const [name, path] of Object.entries(await all_pages(t))) {
    await t.open(path);
    await settled(t.page);
    await none(t, found, name);
  }
  said(found);
}

test("no violation on any page, light", every_page, { context: { colorScheme: "light" } });
test("no violation on any page, dark", every_page, { context: { colorScheme: "dark" } });
test("no violation on any page of a phone", every_page, { context: { viewport: { width: 390, height: 844 } } });

async function open_parts(t) {
  const found = [];
  const page = await t.open(deployment_page(await a_deployment(t)));
  const group = page.getByRole("group", { name: /^Actions for/ });
  for (const verb of ["Scale", "Restart", "Roll back", "Delete"]) {
    await group.getByRole("button", { name: verb, exact: true }).click();
    await shown(page.getByRole("dialog"));
    await settled(page);
    if (verb === "Roll back") await shown(page.getByRole("dialog").getByRole("table"));
    await none(t, found, `dialog ${verb}`);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
  }
  await page.keyboard.press("Control+k");
  await shown(page.getByRole("dialog", { name: "Find" }));
  await page.keyboard.type("po");
  await shown(page.getByRole("dialog", { name: "Find" }).getByRole("option"));
  await none(t, found, "palette");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await shown(page.getByRole("dialog"));
  await none(t, found, "sheet of keys");
  said(found);
}

test("no violation with dialogs, the palette and the sheet of keys open, light", open_parts);
test("no violation with dialogs, the palette and the sheet of keys open, dark", open_parts, {
  context: { colorScheme: "dark" },
});
test(
  "no violation without a session",
  async (t) => {
    t.watch.allow(/status of 401/);
    const found = [];
    await t.page.goto(`${t.server.url}/ui/`);
    await shown(t.page.getByText("appliance dashboard"));
    await none(t, found, "sign-in");
    said(found);
  },
  { signed_out: true },
);
