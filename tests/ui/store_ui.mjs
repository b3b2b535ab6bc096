// The store (2.9): its members, size and revision; its keys, for administrators alone.
import { a_pod, name_of, ns_of } from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, at, eventually, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

const main = (page) => page.getByRole("main");

test("members, size and revision stand on the page", async ({ open }) => {
  const page = await open("/ui/store");
  await shown(main(page).getByText(/revision/i));
  await eventually("numbers", async () => /\d[\d,.]* ?(KiB|MiB|GiB|KB|MB|B)\b/.test(await main(page).innerText()));
  await shown(main(page).getByText(/member|voter|leader/i));
});

test("keys are walked like folders, down to a value", async (t) => {
  const p = await a_pod(t);
  const page = await t.open("/ui/store");
  await main(page)
    .getByRole("link", { name: /^pods\/?$/ })
    .click();
  await at(page, /prefix=.*pods/);
  await main(page)
    .getByRole("list", { name: /^Keys under/ })
    .getByRole("link", { name: new RegExp(`^${ns_of(p)}/?$`) })
    .click();
  await main(page)
    .getByRole("link", { name: name_of(p), exact: true })
    .click();
  await shown(page.getByRole("region", { name: "The value" }).getByText(name_of(p)));
  await page.reload();
  await shown(page.getByRole("region", { name: "The value" }).getByText(name_of(p)));
});

test("who is no administrator sees no key", async (t) => {
  t.watch.allow(/status of 403/);
  await t.context.route("**/ui/v1/session", async (route) => {
    const answer = await route.fetch();
    const session = { ...(await answer.json()), user: "viewer", groups: ["system:authenticated"] };
    await route.fulfill({ response: answer, json: session });
  });
  const page = await t.open("/ui/store");
  await shown(main(page).getByText(/only administrators/));
  assert.equal(t.watch.requests.filter((r) => r.includes("/ui/v1/store/")).length, 0);
});
