// Every other kind: lists, one object, the values of a secret only when they are asked for.
import { fixture, test } from "./lib/test.mjs";
import { assert, at, eventually, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

test("any kind that the server has is a list", async ({ open }) => {
  const page = await open("/ui/objects");
  const choice = page.getByRole("main").getByRole("combobox");
  await shown(choice);
  await choice.selectOption("namespaces");
  await at(page, /^\/ui\/objects\/namespaces/);
  await shown(page.getByRole("grid").getByRole("link", { name: "default", exact: true }));
});

test("a secret's values come when they are asked for, and not before", async (t) => {
  const value = "correct horse battery staple";
  await t.api("POST", "/api/v1/namespaces/default/secrets", {
    metadata: { name: "login" },
    data: { PASSWORD: Buffer.from(value).toString("base64") },
  });
  t.later(() => t.api("DELETE", "/api/v1/namespaces/default/secrets/login"));
  const bodies = [];
  t.page.on("response", async (answer) => bodies.push(await answer.text().catch(() => "")));
  const page = await t.open("/ui/objects/secrets/default/login");
  const reveal = page.getByRole("button", { name: "Reveal PASSWORD" });
  await shown(reveal);
  assert.equal(await page.getByText(value).count(), 0);
  assert.ok(
    !bodies.some((b) => b.includes(Buffer.from(value).toString("base64"))),
    "the value came before it was asked for",
  );
  await reveal.click();
  await shown(page.getByText(value));
  await page.getByRole("button", { name: "Hide PASSWORD" }).click();
  await eventually("hidden", async () => (await page.getByText(value).count()) === 0);
});

test("a kind that is not there says so", async ({ open }) => {
  const page = await open("/ui/objects/unicorns");
  await shown(page.getByText(/The server has no kind/));
});
