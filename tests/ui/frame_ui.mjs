// What is the same on every page (2.13): the palette, the keys and their sheet, themes, widths, namespaces, the way back.
import { a_deployment, a_pod, deployment_page, name_of, ns_of, pod_page } from "./lib/objects.mjs";
import { all_pages, settled } from "./lib/pages.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, at, eventually, focused, gone, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

const palette = (page) => page.getByRole("dialog", { name: "Find" });
const field = (page) => palette(page).getByRole("combobox");
const heading = (page, name) => page.getByRole("heading", { level: 1, name });

test("the palette finds pages, objects and actions by a few letters", async (t) => {
  const p = await a_pod(t);
  const page = await t.open("/ui/");
  await page.keyboard.press("Control+k");
  await shown(field(page));
  await page.keyboard.type("nod");
  await shown(page.getByRole("option", { name: /Nodes/ }));
  await page.keyboard.press("Enter");
  await at(page, /^\/ui\/nodes$/);
  await gone(palette(page));
  await page.keyboard.press(":");
  await field(page).fill(name_of(p));
  await shown(page.getByRole("option", { name: `${name_of(p)} pod in ${ns_of(p)}` }));
  await page.keyboard.press("Enter");
  await at(page, new RegExp(`^/ui/pods/${ns_of(p)}/${name_of(p)}`));
  await shown(heading(page, name_of(p)));
  await page.getByRole("button", { name: "Find", exact: true }).click();
  await field(page).fill("evict");
  await page.getByRole("option", { name: new RegExp(`Evict ${name_of(p)}`) }).click();
  await shown(page.getByRole("dialog", { name: `Evict pod ${name_of(p)}` }));
});

test("the palette closes by Escape and gives the focus back", async ({ open }) => {
  const page = await open("/ui/pods");
  const filter = page.getByRole("searchbox", { name: "Filter the pods" });
  await filter.focus();
  await page.keyboard.press("Control+k");
  await shown(field(page));
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Escape");
  await gone(palette(page));
  await focused(filter);
});

test("g and a letter go to every page, and back comes back", async ({ open }) => {
  const page = await open("/ui/");
  for (const [key, path] of [
    ["w", "workloads"],
    ["p", "pods"],
    ["n", "network"],
    ["m", "nodes"],
    ["e", "events"],
    ["s", "store"],
    ["c", "objects"],
    ["a", "join"],
    ["o", "overview"],
  ]) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await at(page, new RegExp(`^/ui/${path}`));
    await shown(page.getByRole("main").getByRole("heading", { level: 1 }));
  }
  await page.goBack();
  await at(page, /^\/ui\/join/);
});

test("keys do nothing while one types", async ({ open }) => {
  const page = await open("/ui/pods");
  await shown(page.getByRole("grid", { name: "Pods" }));
  await page.keyboard.press("/");
  await page.keyboard.type("gw?j:");
  assert.equal(await page.getByRole("searchbox", { name: "Filter the pods" }).inputValue(), "gw?j:");
  assert.equal(await page.getByRole("dialog").count(), 0);
  await at(page, /^\/ui\/pods/);
});

test("? lists the keys of the page and of everywhere", async ({ open }) => {
  const page = await open("/ui/pods");
  await shown(page.getByRole("grid", { name: "Pods" }));
  await page.keyboard.press("?");
  const sheet = page.getByRole("dialog", { name: "Keyboard" });
  await shown(sheet.getByText("Filter the pods"));
  await shown(sheet.getByText("Find pages, objects and actions"));
  await shown(sheet.getByText("Add a machine"));
  await page.keyboard.press("Escape");
  await gone(sheet);
  await at(page, /^\/ui\/pods/); // Escape closed the sheet and nothing else
});

test("dark and light follow the system, or what is chosen, and are remembered", async (t) => {
  const page = await t.open("/ui/");
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const bright = (colour) => (colour.match(/[\d.]+/g) ?? []).slice(0, 3).reduce((sum, c) => sum + Number(c), 0);
  const light = await ground();
  await page.emulateMedia({ colorScheme: "dark" });
  await eventually("dark", async () => (await ground()) !== light);
  const dark = await ground();
  assert.ok(bright(dark) < bright(light), `${dark} is not darker than ${light}`);
  await page.getByRole("button", { name: /settings and sign out/ }).click();
  await page.getByRole("radio", { name: "Light" }).check({ force: true });
  await eventually("light", async () => (await ground()) === light);
  await page.reload();
  await shown(page.getByRole("main"));
  await eventually("light still", async () => (await ground()) === light);
});

test("a namespace is chosen once for all pages, and stands in the URL", async (t) => {
  const page = await t.open("/ui/pods");
  const choice = page.getByRole("combobox", { name: "Namespace" });
  await choice.selectOption("shop");
  await at(page, /ns=shop/);
  const rows = page.getByRole("grid", { name: "Pods" });
  const wanted = (await t.api("GET", "/api/v1/namespaces/shop/pods")).items.length;
  await eventually("those of shop", async () => Number(await rows.getAttribute("aria-rowcount")) === wanted + 1);
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Workloads" }).click();
  await at(page, /^\/ui\/workloads.*ns=shop/);
  await choice.selectOption("");
  await eventually("all", () => !page.url().includes("ns="));
});

test("the URL of any page is its state", async (t) => {
  const d = await a_deployment(t);
  for (const path of [pod_page(await a_pod(t)), deployment_page(d), "/ui/events"]) {
    const page = await t.open(path);
    await settled(page);
    const before = await heading(page).first().innerText();
    const query = new URL(page.url()).search;
    await page.reload();
    await settled(page);
    assert.equal(await heading(page).first().innerText(), before);
    assert.equal(new URL(page.url()).search, query);
  }
});

test("the URL of a table is its order and its filter", async (t) => {
  for (const [path, sorted, filter] of [
    ["/ui/pods?q=status%3Arunning&sort=-Name", "Name descending", "status:running"],
    [`/ui/workloads?q=${name_of(await a_deployment(t)).slice(0, 2)}&sort=Name`, "Name ascending", null],
    ["/ui/nodes?sort=-Name", "Name descending", ""],
  ]) {
    const page = await t.open(path);
    const state = () =>
      page.evaluate(() => {
        const main = /** @type {HTMLElement} */ (document.querySelector("main"));
        const header = main.querySelector("[role=columnheader]:is([aria-sort=ascending], [aria-sort=descending])");
        const names = [...main.querySelectorAll('[role=row][data-uid] [data-name="Name"] a')];
        return {
          sorted: `${header?.textContent?.trim()} ${header?.getAttribute("aria-sort")}`,
          filter: /** @type {HTMLInputElement | null} */ (main.querySelector("input[type=search]"))?.value,
          rows: names.slice(0, 5).map((e) => e.textContent?.trim() ?? ""),
          url: location.pathname + location.search,
        };
      });
    await eventually("rows", async () => (await state()).rows.length > 0);
    const before = await state();
    assert.ok(before.sorted.startsWith(sorted.split(" ")[0]) && before.sorted.endsWith(sorted.split(" ")[1]), path);
    if (filter !== null) assert.equal(before.filter, filter);
    await page.reload();
    await eventually("the same", async () => JSON.stringify(await state()) === JSON.stringify(before));
    const names = [...before.rows].sort();
    assert.deepEqual(before.rows, sorted.endsWith("descending") ? names.reverse() : names);
  }
});

// In the page: how much wider than the window it is, and the first element that is.
function too_wide() {
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide <= 0) return "";
  const culprit = [...document.querySelectorAll("body *")].find(
    (e) => e.getBoundingClientRect().right > innerWidth + 1,
  );
  return `${wide} px over: ${culprit?.outerHTML.slice(0, 120)}`;
}

test("no page is wider than its window, from 390 to 1920", async (t) => {
  const found = [];
  for (const [name, path] of Object.entries(await all_pages(t))) {
    const page = await t.open(path);
    await settled(page);
    for (const width of [390, 768, 1280, 1920]) {
      await page.setViewportSize({ width, height: 900 });
      await eventually("laid out", () => page.evaluate((w) => innerWidth === w, width));
      // What is laid out anew after a resize is laid out a moment later: the last word counts.
      let over = "not laid out";
      await eventually("as wide as the window", async () => !(over = await page.evaluate(too_wide)), 2000).catch(
        () => undefined,
      );
      if (over) found.push(`${name} at ${width}: ${over}`);
    }
  }
  assert.equal(found.length, 0, found.join("\n"));
});

test(
  "on a phone every page is a tap or two away",
  async ({ open }) => {
    const page = await open("/ui/");
    const nav = page.getByRole("navigation", { name: "Pages" });
    await nav.getByRole("link", { name: "Pods" }).click();
    await at(page, /^\/ui\/pods/);
    await nav.getByRole("button", { name: "More" }).click();
    await nav.getByRole("link", { name: "Add a machine" }).click();
    await at(page, /^\/ui\/join/);
  },
  { context: { viewport: { width: 390, height: 844 }, hasTouch: true } },
);

test(
  "signing out ends the session",
  async (t) => {
    t.watch.allow(/status of 401/, /WebSocket/);
    const page = t.page;
    await page.goto(await t.server.link());
    await shown(page.getByRole("navigation", { name: "Pages" }));
    await page.getByRole("button", { name: /settings and sign out/ }).click();
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await shown(page.getByText("appliance dashboard"));
    const answer = await t.context.request.get(`${t.server.url}/ui/v1/session`);
    assert.equal(answer.status(), 401);
  },
  { signed_out: true },
);

test("one WebSocket carries everything that is live", async (t) => {
  const page = await t.open("/ui/");
  for (const key of ["w", "p", "m", "e"]) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await shown(page.getByRole("main").getByRole("heading", { level: 1 }));
  }
  await shown(page.getByRole("status").getByText("Live", { exact: true }));
  assert.equal(t.watch.requests.filter((r) => r.startsWith("WEBSOCKET")).length, 1);
});

test("the terminal, the editor and the graphs are loaded when they are opened, not before", async (t) => {
  const heavy = () =>
    t.watch.requests
      .filter((r) => /assets\/(terminal|editor|graph_plot)-/.test(r))
      .map((r) => /assets\/(\w+?)-/.exec(r)?.[1]);
  const page = await t.open("/ui/");
  for (const key of ["w", "p", "n", "e", "s", "c", "a"]) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await shown(page.getByRole("main").getByRole("heading", { level: 1 }));
  }
  assert.deepEqual(heavy(), []);
  await page.goto(`${t.server.url}/ui/yaml/new`);
  await shown(page.getByRole("textbox", { name: "YAML to create" }));
  assert.deepEqual([...new Set(heavy())], ["editor"]);
});

test("the first screen is few requests and few bytes", async (t) => {
  const page = await t.open("/ui/");
  await shown(page.getByRole("main").getByRole("heading", { level: 1 }));
  const files = await page.evaluate(() => {
    const all = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    const first = all.filter((e) => /\/ui\/(assets\/|$|\?)/.test(e.name));
    return { count: first.length, bytes: first.reduce((sum, e) => sum + e.encodedBodySize, 0) };
  });
  assert.ok(files.bytes > 10_000 && files.bytes <= 64 * 1024, `${files.bytes} bytes`);
  assert.ok(files.count <= 6, `${files.count} requests`);
});
