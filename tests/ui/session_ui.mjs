// Who may look: a link is good once, and becomes a cookie that no script can read.
import { test } from "./lib/test.mjs";
import { assert, eventually, shown } from "./lib/wait.mjs";

const REFUSED = /status of 40[13]/; // what the console says of an answer

test(
  "a link opens the dashboard, once",
  async ({ page, context, server, watch }) => {
    watch.allow(REFUSED);
    const link = await server.link();
    await page.goto(link);
    await shown(page.getByRole("navigation", { name: "Pages" }));
    assert.doesNotMatch(page.url(), /k=/); // nor in the history
    await context.clearCookies();
    await page.goto(link); // of the same page but for the fragment
    await shown(page.getByText("appliance dashboard"));
    assert.equal(await page.getByRole("navigation", { name: "Pages" }).count(), 0);
    assert.match((await page.getByRole("alert").textContent()) ?? "", /\w+/);
  },
  { signed_out: true },
);

test(
  "a link put into a tab that shows the dashboard opens it there",
  async ({ page, context, server, watch }) => {
    watch.allow(REFUSED);
    await page.goto(`${server.url}/ui/`);
    await shown(page.getByText("appliance dashboard"));
    await page.goto(await server.link());
    await shown(page.getByRole("navigation", { name: "Pages" }));
    assert.doesNotMatch(page.url(), /k=/);
    await shown(page.getByText("Live", { exact: true })); // the navigation is there before the page's program is
    const [before] = await context.cookies();
    const second = await server.link();
    await page.evaluate((url) => location.assign(url), second.replace(/^[^#]*/, page.url()));
    await eventually("a new session", async () => (await context.cookies())[0]?.value !== before.value);
    await shown(page.getByRole("navigation", { name: "Pages" }));
  },
  { signed_out: true },
);

test(
  "without a session the page says which command makes one",
  async ({ page, server, watch }) => {
    watch.allow(REFUSED);
    await page.goto(`${server.url}/ui/pods`);
    await shown(page.getByText("appliance dashboard"));
    assert.equal(await page.getByRole("table").count(), 0);
  },
  { signed_out: true },
);

test("the cookie is HttpOnly, Secure and SameSite=Strict, and storage is empty", async ({ open, page, context }) => {
  await open("/ui/");
  const cookies = await context.cookies();
  assert.equal(cookies.length, 1);
  const [cookie] = cookies;
  assert.ok(cookie.httpOnly && cookie.secure && cookie.sameSite === "Strict", JSON.stringify({ ...cookie, value: "" }));
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.ok(!kept.includes(cookie.value) && !/token|bearer|eyJ/i.test(kept), kept);
});
