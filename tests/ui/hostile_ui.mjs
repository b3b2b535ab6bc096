// Names, labels, messages and log lines that mean harm do none (3.6): they are text, whatever they hold.
import { list, name_of, ns_of, pods } from "./lib/objects.mjs";
import { all_pages, settled } from "./lib/pages.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, eventually, shown } from "./lib/wait.mjs";

fixture("--pods", "200", "--hostile", "--log-rate", "20");

const RESPONSE_MS = 2000; // of a page that is asked for anything: more is frozen

/** What the fixture's texts would have done. */
async function unharmed(page) {
  const done = await page.evaluate(() => ({
    // @ts-ignore the fixture's scripts would set it
    ran: globalThis.__hostile ?? null,
    title: document.title,
    // @ts-ignore
    polluted: {}.polluted ?? null,
    base: document.querySelectorAll("base").length,
    foreign: [...document.querySelectorAll("h1")].filter((h) => h.textContent === "not yours").length,
    hidden: getComputedStyle(document.body).display,
    scripts: [...document.scripts].filter((s) => !s.src.startsWith(location.origin)).length,
  }));
  assert.equal(done.ran, null, "a script of the fixture ran");
  assert.doesNotMatch(done.title, /^owned$/);
  assert.deepEqual([done.base, done.foreign, done.scripts], [0, 0, 0]);
  assert.notEqual(done.hidden, "none");
}

const hostile = (o) => /window\.__hostile/.test(JSON.stringify(o));

test("no page runs what objects say", async (t) => {
  for (const path of Object.values(await all_pages(t))) {
    await t.open(path);
    await settled(t.page);
    await unharmed(t.page);
  }
});

test("pages of the hostile objects themselves show their words as text", async (t) => {
  const bad = (await pods(t)).filter(hostile);
  assert.ok(bad.length > 0, "the fixture is not hostile");
  for (const p of bad.slice(0, 4)) {
    for (const page of [`pods/${ns_of(p)}/${name_of(p)}`, `yaml/pods/${ns_of(p)}/${name_of(p)}`]) {
      await t.open(`/ui/${page}`);
      await settled(t.page);
      await unharmed(t.page);
    }
  }
  for (const path of ["/apis/apps/v1/deployments", "/api/v1/configmaps"]) {
    for (const o of (await list(t, path)).filter(hostile).slice(0, 3)) {
      await t.open(
        path.includes("apps")
          ? `/ui/workloads/deployments/${ns_of(o)}/${name_of(o)}`
          : `/ui/objects/configmaps/${ns_of(o)}/${name_of(o)}`,
      );
      await settled(t.page);
      await unharmed(t.page);
    }
  }
});

test("events and problems with markup in their messages are text", async (t) => {
  for (const path of ["/ui/", "/ui/events", "/ui/events?q=script"]) {
    await t.open(path);
    await settled(t.page);
    await unharmed(t.page);
  }
});

/** A running pod of the fixture whose log is of this kind. */
const pod_with_log = async (t, kind) => {
  const found = (await pods(t)).find(
    (p) => Object.values(p.metadata.annotations ?? {}).includes(kind) && p.status.phase === "Running",
  );
  if (!found) throw new Error(`the fixture has no pod with a log of kind ${kind}`);
  return found;
};

async function open_log(t, p) {
  const page = await t.open(`/ui/logs/pods/${ns_of(p)}/${name_of(p)}`);
  const lines = page.getByRole("region", { name: "Log lines" });
  await eventually("lines", async () => (await lines.locator(".log-line").count()) > 5);
  return { page, lines };
}

test("log lines with markup, scripts and escapes are text", async (t) => {
  const { page, lines } = await open_log(t, await pod_with_log(t, "hostile"));
  await page.getByRole("searchbox", { name: "Filter lines" }).fill("__hostile");
  await shown(lines.getByText(/window\.__hostile/));
  await unharmed(page);
  assert.equal(await lines.locator("script, img, svg, style, iframe, a, h1, base").count(), 0);
});

test("a line of a megabyte is cut, opened when it is wanted, and does not freeze the page", async (t) => {
  const { page } = await open_log(t, await pod_with_log(t, "long-line"));
  await page.getByRole("searchbox", { name: "Filter lines" }).fill("0123456789abcdefghijklmnopqrstuvwxyz-0123456789");
  const long = page.getByRole("button", { name: /^all [\d,]+ characters$/ });
  await shown(long);
  const before = Date.now();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => resolve(0))));
  assert.ok(Date.now() - before < RESPONSE_MS, `a frame took ${Date.now() - before} ms`);
  await long.last().click();
  const dialog = page.getByRole("dialog", { name: "The whole line" });
  await shown(dialog);
  await page.keyboard.press("Escape");
  await page.getByRole("searchbox", { name: "Filter lines" }).fill("");
  await unharmed(page);
});

test("an address that means harm is an address that leads nowhere", async (t) => {
  t.watch.allow(/status of 40[04]/);
  const words = [
    "<img src=x onerror=window.__hostile=1>",
    "javascript:window.__hostile=1",
    "../../api/v1/secrets",
    "%00",
    "__proto__",
  ];
  for (const word of words) {
    const part = encodeURIComponent(word);
    for (const path of [
      `/ui/pods/${part}/${part}`,
      `/ui/${part}`,
      `/ui/objects/${part}/${part}/${part}`,
      `/ui/pods?q=${part}&sort=${part}&tab=${part}`,
    ]) {
      await t.page.goto(t.server.url + path);
      await shown(t.page.getByRole("main"));
      await unharmed(t.page);
    }
  }
});
