// The keyboard alone (3.2, 2.13): from the overview to logs, through workloads, pods and YAML, with the focus always in sight
// and given back.
import { a_deployment, a_pod, crashing, deployment_path, name_of, ns_of } from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, at, eventually, focused, gone, shown } from "./lib/wait.mjs";

fixture("--pods", "200", "--log-rate", "20");

const TABS_MAX = 80;

/** Tab after Tab until an element of this kind has the focus. */
async function tab_to(page, locator) {
  await shown(locator);
  for (let i = 0; i < TABS_MAX; i++) {
    await page.keyboard.press("Tab");
    if (await locator.first().evaluate((e) => e === document.activeElement)) return;
  }
  throw new Error(`not reached by ${TABS_MAX} Tabs`);
}

/** That the focus can be seen: an outline or a ring of shadow, inside the window. */
async function in_sight(page) {
  const seen = await page.evaluate(() => {
    const element = /** @type {HTMLElement} */ (document.activeElement);
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const ring = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
    return { ring, inside: box.bottom > 0 && box.top < innerHeight, what: element.outerHTML.slice(0, 100) };
  });
  assert.ok(seen.ring && seen.inside, JSON.stringify(seen));
}

test("the first Tab skips to the content", async ({ open }) => {
  const page = await open("/ui/pods");
  await page.keyboard.press("Tab");
  await focused(page.getByRole("link", { name: "Skip to the content" }));
  await page.keyboard.press("Enter");
  await focused(page.getByRole("main"));
  await at(page, /^\/ui\/pods/);
});

test("from the overview to the logs of a problem, and back", async ({ open }) => {
  const page = await open("/ui/overview");
  await tab_to(page, page.getByRole("region", { name: "Problems" }).getByRole("link", { name: /^Logs of/ }));
  await in_sight(page);
  await page.keyboard.press("Enter");
  await at(page, /^\/ui\/logs\//);
  await shown(page.getByRole("region", { name: "Log lines" }));
  await page.keyboard.press("f");
  await eventually(
    "paused",
    async () =>
      (await page.getByRole("button", { name: "Follow", exact: true }).getAttribute("aria-pressed")) === "false",
  );
  await page.keyboard.press("Escape");
  await at(page, /^\/ui\/overview/);
});

test("a workload is found, opened and scaled", async (t) => {
  const d = await a_deployment(t);
  const page = await t.open("/ui/overview");
  await page.keyboard.press("g");
  await page.keyboard.press("w");
  await at(page, /^\/ui\/workloads/);
  await shown(page.getByRole("grid", { name: "Deployments" }));
  await page.keyboard.press("/");
  await page.keyboard.type(`${name_of(d)} ${ns_of(d)}`);
  const rows = page.getByRole("grid", { name: "Deployments" });
  await eventually("few", async () => Number(await rows.getAttribute("aria-rowcount")) <= 4);
  await page.keyboard.press("Enter");
  await eventually("a row has the focus", () =>
    page.evaluate(() => document.activeElement?.getAttribute("role") === "row"),
  );
  await in_sight(page);
  await page.keyboard.press("Enter");
  await at(page, /^\/ui\/workloads\/deployments\//);
  const [, ns, name] = /** @type {RegExpExecArray} */ (/deployments\/([^/]+)\/([^/?]+)/.exec(page.url()));
  const path = deployment_path({ metadata: { namespace: ns, name } });
  const before = (await t.api("GET", path)).spec.replicas;
  await shown(page.getByRole("group", { name: /^Actions for/ }));
  await page.keyboard.press("+");
  const dialog = page.getByRole("dialog", { name: `Scale deployment ${name}` });
  await eventually("one more", async () => (await dialog.getByRole("spinbutton").inputValue()) === String(before + 1));
  await focused(dialog.getByRole("spinbutton"));
  await page.keyboard.press("Enter");
  await eventually("scaled", async () => (await t.api("GET", path)).spec.replicas === before + 1);
  await page.keyboard.press("Escape");
  await gone(dialog);
});

test("Enter on a link or a button is theirs, also after a row had the focus", async ({ open }) => {
  const page = await open("/ui/pods?sort=Name");
  await shown(page.getByRole("grid", { name: "Pods" }).locator("[role=row][data-uid]"));
  await page.keyboard.press("j");
  await eventually("a row has the focus", () =>
    page.evaluate(() => document.activeElement?.getAttribute("role") === "row"),
  );
  const header = page.getByRole("columnheader", { name: "Name", exact: true });
  await header.getByRole("button").focus();
  await page.keyboard.press("Enter");
  await at(page, /^\/ui\/pods\?sort=-Name$/);
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Nodes" }).focus();
  await page.keyboard.press("Enter");
  await at(page, /^\/ui\/nodes$/);
});

test("a dialog keeps the focus inside and gives it back", async (t) => {
  const d = await a_deployment(t);
  const page = await t.open(`/ui/workloads/deployments/${ns_of(d)}/${name_of(d)}`);
  const button = page
    .getByRole("group", { name: /^Actions for/ })
    .getByRole("button", { name: "Restart", exact: true });
  await tab_to(page, button);
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog", { name: `Restart deployment ${name_of(d)}` });
  await shown(dialog);
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press("Tab");
    const inside = await page.evaluate(() => {
      const active = document.activeElement;
      return !active || active === document.body || !!active.closest("dialog");
    });
    assert.ok(inside, "the focus left the dialog");
  }
  await page.keyboard.press("Escape");
  await gone(dialog);
  await focused(button);
});

test("a crashing pod, its logs before the crash, and its YAML", async (t) => {
  const p = await a_pod(t, crashing);
  const page = await t.open(`/ui/pods/${ns_of(p)}/${name_of(p)}`);
  await shown(page.getByRole("group", { name: /^Actions for/ }));
  await page.keyboard.press("l");
  await at(page, /^\/ui\/logs\/pods\//);
  await shown(page.getByRole("region", { name: "Log lines" }));
  await page.keyboard.press("p");
  await at(page, /previous=1/);
  await page.keyboard.press("Escape");
  await at(page, new RegExp(`^/ui/pods/${ns_of(p)}`));
  await shown(page.getByRole("group", { name: /^Actions for/ }));
  await page.keyboard.press("y");
  await at(page, /^\/ui\/yaml\/pods\//);
  await shown(page.getByText("kind: Pod"));
});

test("YAML is edited, reviewed and applied", async (t) => {
  const d = await a_deployment(t, { nth: 1 });
  const page = await t.open(`/ui/yaml/deployments/${ns_of(d)}/${name_of(d)}?edit=1`);
  const editor = page.getByRole("textbox", { name: "YAML, editable" });
  await tab_to(page, editor);
  const line = (await editor.locator(".cm-line").allInnerTexts()).findIndex((text) => /^ {2}replicas:/.test(text));
  assert.ok(line > 0, "the replicas are further down");
  await page.keyboard.press("Control+Home");
  for (let i = 0; i < line; i++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("End");
  await page.keyboard.press("Shift+Home");
  await page.keyboard.type("replicas: 6");
  await page.keyboard.press("Control+s");
  await shown(page.getByRole("region", { name: "What applying does" }));
  await tab_to(page, page.getByRole("button", { name: "Apply", exact: true }));
  await page.keyboard.press("Enter");
  await eventually("applied", async () => (await t.api("GET", deployment_path(d))).spec.replicas === 6);
});
