// axe-core over a page: A and AA of WCAG 2.0 to 2.2. There is no list of known violations.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const SOURCE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
const SHOWN = 3; // elements of each violation

/** @param {import("playwright-core").Page} page @returns {Promise<string[]>} */
export async function violations(page) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(SOURCE);
  // A colour on its way to another is neither.
  await page.waitForFunction(() =>
    document.getAnimations().every((a) => !(a instanceof CSSTransition) || a.playState !== "running"),
  );
  const found = await page.evaluate(
    // @ts-ignore axe is there now
    (tags) => globalThis.axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] }),
    TAGS,
  );
  return found.violations.map((one) => {
    const where = one.nodes
      .slice(0, SHOWN)
      .map(
        (n) =>
          `    ${n.target.join(" ")}: ${n.html.slice(0, 160)}\n      ${n.failureSummary?.split("\n").slice(1, 3).join("; ")}`,
      );
    return `${one.id} (${one.nodes.length}): ${one.help}\n${where.join("\n")}`;
  });
}
