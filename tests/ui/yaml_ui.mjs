// YAML (2.6): read, edited, reviewed as what the server would make of it, applied; its errors at their lines; edits of two.
import { a_deployment, deployment_path, name_of, ns_of } from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { assert, at, eventually, focused, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

const merge = "application/merge-patch+json";
const editor = (page) => page.getByRole("textbox", { name: "YAML, editable" });
const path_of = (d) => `/ui/yaml/deployments/${ns_of(d)}/${name_of(d)}`;
const button = (page, name) => page.getByRole("main").getByRole("button", { name, exact: true });

/** Finds a line of the editor by its text and puts others in its place. */
async function replace_line(page, pattern, text) {
  const line = editor(page).locator(".cm-line").filter({ hasText: pattern }).first();
  await line.click();
  await page.keyboard.press("End");
  await page.keyboard.press("Shift+Home"); // to the indentation
  await page.keyboard.type(text);
}

async function open_editor(t, d) {
  const page = await t.open(path_of(d) + "?edit=1");
  await shown(editor(page));
  await shown(editor(page).getByText("replicas:"));
  return page;
}

test("an object is read as YAML, and e edits it", async (t) => {
  const d = await a_deployment(t);
  const page = await t.open(path_of(d));
  await shown(page.getByText("kind: Deployment"));
  assert.equal(await page.getByText("managedFields").count(), 0);
  await page.keyboard.press("e");
  await at(page, /edit=1/);
  await shown(editor(page));
});

test("an edit is reviewed as the server would make it, and applied", async (t) => {
  const d = await a_deployment(t);
  const page = await open_editor(t, d);
  await replace_line(page, /^ {2}replicas: \d+/, "replicas: 7");
  await button(page, "Review").click();
  const diff = page.getByRole("region", { name: "What applying does" });
  await shown(diff.getByText("replicas: 7"));
  assert.notEqual((await t.api("GET", deployment_path(d))).spec.replicas, 7);
  await button(page, "Apply").click();
  await shown(page.getByText("Applied"));
  await eventually("applied", async () => (await t.api("GET", deployment_path(d))).spec.replicas === 7);
  await at(page, /^[^?]+$/);
});

test("what the server refuses stands at its line", async (t) => {
  t.watch.allow(/status of (400|422)/);
  const d = await a_deployment(t, { nth: 1 });
  const page = await open_editor(t, d);
  await replace_line(page, /^ {2}replicas: \d+/, "replicas: -3");
  await button(page, "Review").click();
  const alert = page.getByRole("alert").filter({ hasText: /refuses/ });
  await shown(alert.getByText(/replicas/));
  await alert
    .getByRole("button", { name: /^Line \d+$/ })
    .first()
    .click();
  await focused(editor(page));
  await shown(
    editor(page)
      .locator(".cm-marked")
      .filter({ hasText: /^ {2}replicas: -3$/ }),
  );
  assert.equal(await editor(page).locator(".cm-marked").count(), 1);
  assert.match(await editor(page).locator(".cm-activeLine").innerText(), /^ {2}replicas: -3$/);
  await replace_line(page, /^ {2}replicas: -3/, "replicas: [");
  await button(page, "Review").click();
  await shown(page.getByRole("alert"));
});

test("edits survive a change by somebody else, and are taken over theirs", async (t) => {
  const d = await a_deployment(t, { nth: 2 });
  const page = await open_editor(t, d);
  await replace_line(page, /^ {2}replicas: \d+/, "replicas: 9");
  await t.api("PATCH", deployment_path(d), { metadata: { labels: { theirs: "kept" } } }, merge);
  await shown(page.getByText(/has changed since you began/));
  await shown(editor(page).getByText("replicas: 9"));
  await button(page, "Take mine over it").click();
  await shown(editor(page).getByText("theirs: kept"));
  await button(page, "Review").click();
  await button(page, "Apply").click();
  await eventually("both", async () => {
    const now = await t.api("GET", deployment_path(d));
    return now.spec.replicas === 9 && now.metadata.labels.theirs === "kept";
  });
});

test("edits are kept when one looks elsewhere and comes back", async (t) => {
  const d = await a_deployment(t, { nth: 3 });
  const page = await open_editor(t, d);
  await replace_line(page, /^ {2}replicas: \d+/, "replicas: 8");
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Pods" }).click();
  await at(page, /^\/ui\/pods/);
  await page.goBack();
  await shown(editor(page).getByText("replicas: 8"));
});

test("several documents are checked, then made", async (t) => {
  const page = await t.open("/ui/yaml/new?ns=default");
  const field = page.getByRole("textbox", { name: "YAML to create" });
  await shown(field);
  await button(page, "Check").click();
  const results = page.getByRole("list", { name: "Results" });
  await shown(results.getByText("Would be made"));
  assert.equal(await results.getByRole("listitem").count(), 2);
  await button(page, "Create").click();
  await shown(results.getByText("Made", { exact: true }));
  await t.api("GET", "/apis/apps/v1/namespaces/default/deployments/web");
});
