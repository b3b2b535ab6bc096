// Tables (2.13): few rows in the page however many there are, filter, order and places that the URL keeps, the keys that
// k9s users know, cards on a phone.
import { a_pod, name_of, pods } from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, at, eventually, focused, shown } from "./lib/wait.mjs";

fixture("--pods", "2000");

const DOM_ROWS_MAX = 80;
const grid = (page) => page.getByRole("grid", { name: "Pods" });
const rows = (page) => grid(page).locator('[role=row][aria-rowindex]:not([aria-rowindex="1"])');
const count = async (page) => Number(await grid(page).getAttribute("aria-rowcount")) - 1;
const filter = (page) => page.getByRole("searchbox", { name: "Filter the pods" });
const cell = (row, name) => row.locator(`[data-name="${name}"]`);
const row_focus = (page) => page.locator("[role=row]:focus");

async function open_pods(t, query = "") {
  const page = await t.open("/ui/pods" + query);
  await shown(rows(page));
  return page;
}

test("2,000 pods are one table of a few rows, to the last of them", async (t) => {
  const page = await open_pods(t);
  await eventually("all of them", async () => (await count(page)) === 2000);
  assert.ok((await grid(page).getByRole("row").count()) <= DOM_ROWS_MAX);
  await rows(page).first().focus();
  await page.keyboard.press("End");
  await eventually("the last row", async () => (await row_focus(page).getAttribute("aria-rowindex")) === "2001");
  await shown(row_focus(page));
  assert.ok((await grid(page).getByRole("row").count()) <= DOM_ROWS_MAX);
});

test("the filter takes words, labels and status, and stands in the URL", async (t) => {
  const page = await open_pods(t);
  const all = await pods(t);
  const app = all.find((p) => p.metadata.labels?.app)?.metadata.labels.app;
  const of_app = all.filter((p) => p.metadata.labels?.app === app).length;
  await page.keyboard.press("/");
  await focused(filter(page));
  await page.keyboard.type(`app=${app}`);
  await at(page, new RegExp(`q=app(%3D|=)${app}`));
  await eventually("those of the app", async () => (await count(page)) >= of_app && (await count(page)) < all.length);
  const one = await count(page);
  await page.reload();
  await eventually("the same after loading anew", async () => (await count(page)) === one);
  assert.equal(await filter(page).inputValue(), `app=${app}`);
  await filter(page).fill("status:crashloop");
  await eventually("the crashing ones", async () => (await rows(page).count()) > 0 && (await count(page)) < 200);
  for (const text of await rows(page).allInnerTexts()) assert.match(text, /CrashLoopBackOff/);
  await filter(page).fill("no-pod-is-called-so");
  await shown(page.getByText("Nothing matches"));
  await page.getByRole("button", { name: "Clear the filter" }).click();
  await eventually("all", async () => (await count(page)) === 2000);
});

test("a problem's chip shows the broken ones alone", async (t) => {
  const page = await open_pods(t);
  const chip = page.getByRole("button", { name: /^[\d,]+ problems?$/ });
  await eventually("all rows", async () => (await count(page)) === 2000);
  const wanted = Number(((await chip.textContent()) ?? "").replaceAll(/\D/g, ""));
  await chip.click();
  await eventually("only those", async () => (await count(page)) === wanted);
  assert.equal(await chip.getAttribute("aria-pressed"), "true");
});

test("a click on a column sorts, again turns it round, and the URL says so", async (t) => {
  const page = await open_pods(t);
  const names = async () => cell(rows(page), "Name").allInnerTexts();
  const header = grid(page).getByRole("columnheader", { name: "Name", exact: true });
  await header.getByRole("button").click();
  await at(page, /sort=Name/);
  assert.equal(await header.getAttribute("aria-sort"), "ascending");
  await header.getByRole("button").click();
  await at(page, /sort=-Name/);
  const all = (await pods(t)).map(name_of).sort();
  await eventually("the last name first", async () => (await names())[0].includes(/** @type {string} */ (all.at(-1))));
});

test("j k Enter and Escape walk through the table, and back is where one was", async (t) => {
  const page = await open_pods(t, "?sort=Name");
  await page.keyboard.press("j");
  await eventually("the first row", async () => (await row_focus(page).getAttribute("aria-rowindex")) === "2");
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("k");
  await eventually("the second row", async () => (await row_focus(page).getAttribute("aria-rowindex")) === "3");
  const name = ((await cell(row_focus(page), "Name").textContent()) ?? "").trim();
  await page.keyboard.press("Enter");
  await at(page, new RegExp(`/ui/pods/[^/]+/${name}`));
  await shown(page.getByRole("heading", { name }));
  await page.goBack();
  await at(page, /\/ui\/pods\?sort=Name$/);
  await shown(rows(page));
});

test("l s y e open the logs, the shell and the YAML of the row with the focus", async (t) => {
  const pod = await a_pod(t);
  t.watch.allow(/\/pods\/[^/]+\/exec\b/); // the fixture has no kubelet: its pods have no shell
  for (const [key, path] of [
    ["l", "/ui/logs/pods/"],
    ["s", "/ui/shell/"],
    ["y", "/ui/yaml/pods/"],
    ["e", "/ui/yaml/pods/"],
  ]) {
    const page = await open_pods(t, `?q=${name_of(pod)}`);
    await eventually("one row", async () => (await count(page)) === 1);
    await page.keyboard.press("j");
    await eventually("focus", async () => (await row_focus(page).count()) === 1);
    await page.keyboard.press(key);
    await at(page, new RegExp(`^${path}.*${name_of(pod)}`));
  }
});

test("rows change live, and the focus stays with its object", async (t) => {
  const pod = await a_pod(t);
  const page = await open_pods(t, `?q=${name_of(pod)}`);
  await page.keyboard.press("j");
  await eventually("focus", async () => (await row_focus(page).count()) === 1);
  const path = `/api/v1/namespaces/${pod.metadata.namespace}/pods/${name_of(pod)}`;
  await t.api("PATCH", `${path}/status`, { status: { reason: "Pondering" } }, "application/merge-patch+json");
  await shown(row_focus(page).getByText("Pondering"));
});

test("on a phone rows are cards, and nothing is wider than the screen", async (t) => {
  const page = await open_pods(t);
  await page.setViewportSize({ width: 390, height: 844 });
  await shown(page.locator(".table.cards"));
  await eventually("no sideways scrolling", () =>
    page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
  );
  await rows(page).first().click();
  await at(page, /\/ui\/pods\/[^/]+\/[^/]+/);
});
