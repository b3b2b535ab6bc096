// Waiting for states, with a deadline; never for time to pass.
import assert from "node:assert/strict";

export { assert };
const WAIT_MS = 15_000;
const POLL_MS = 20;

/**
 * Asks until the probe gives a true value, which is returned. What it throws counts as not yet.
 * @template T
 * @param {string} what
 * @param {() => T | Promise<T>} probe
 * @returns {Promise<T>}
 */
export async function eventually(what, probe, timeout = WAIT_MS) {
  const deadline = Date.now() + timeout;
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline)
      throw new Error(
        `${what}: not within ${timeout} ms; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** @param {import("playwright-core").Locator} locator */
export const shown = (locator, timeout = WAIT_MS) => locator.first().waitFor({ state: "visible", timeout });

/** @param {import("playwright-core").Locator} locator */
export const gone = (locator, timeout = WAIT_MS) => locator.first().waitFor({ state: "hidden", timeout });

/** The text of an element, once it matches. @param {import("playwright-core").Locator} locator @param {RegExp} pattern */
export const text_of = (locator, pattern, timeout = WAIT_MS) =>
  eventually(
    `text ${pattern}`,
    async () => pattern.exec((await locator.first().textContent({ timeout: 1000 })) ?? ""),
    timeout,
  );

/** The URL's path and query, once they match. @param {import("playwright-core").Page} page @param {RegExp} pattern */
export const at = (page, pattern, timeout = WAIT_MS) =>
  eventually(
    `URL ${pattern}, is ${page.url()}`,
    () => {
      const { pathname, search } = new URL(page.url());
      return pattern.exec(pathname + search);
    },
    timeout,
  );

/** Whether this element has the focus, once it has. @param {import("playwright-core").Locator} locator */
export const focused = (locator) =>
  eventually("focus", () =>
    locator.first().evaluate((e) => e === document.activeElement || e.contains(document.activeElement)),
  );
