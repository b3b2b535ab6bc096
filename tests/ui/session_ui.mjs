// Who may look: a link is good once, and becomes a cookie that no script can read.
import { test } from "./lib/test.mjs";
import { assert, shown } from "./lib/wait.mjs";

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
    await page.goto("about:blank");
    await page.goto(link);
    await shown(page.getByText("appliance dashboard"));
    assert.equal(await page.getByRole("navigation", { name: "Pages" }).count(), 0);
    assert.match((await page.getByRole("alert").textContent()) ?? "", /\w+/);
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
