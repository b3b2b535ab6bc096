// What a file of tests says: test("what holds", async (t) => …), and server(…) for what it runs against.
import { watched } from "./browser.mjs";
import { shown } from "./wait.mjs";

/** @type {{ name: string, body: (t: Test) => Promise<void>, options: TestOptions }[]} */
export const tests = [];
export const wanted = { fixture: /** @type {string[]} */ (["--pods", "200"]) };

/**
 * @typedef {object} TestOptions
 * @property {boolean} [signed_out]  no session: the test opens its own
 * @property {import("playwright-core").BrowserContextOptions} [context]
 */

/** Flags of `appliance dev fixture` for this file's tests, which share it. @param {...string} flags */
export function fixture(...flags) {
  wanted.fixture = flags;
}

/** @param {string} name @param {(t: Test) => Promise<void>} body @param {TestOptions} options */
export function test(name, body, options = {}) {
  if (tests.some((other) => other.name === name)) throw new Error(`two tests are named ${name}`);
  tests.push({ name, body, options });
}

/** One test: its server, its context with the watch, its page. */
export class Test {
  /** @param {import("playwright-core").Browser} browser @param {import("./server.mjs").Server} server */
  constructor(browser, server) {
    this.browser = browser;
    this.server = server;
    /** @type {(() => Promise<unknown>)[]} */
    this.cleanups = [];
  }

  /** @param {TestOptions} options */
  async begin(options) {
    const signed_in = options.signed_out ? {} : { storageState: await this.#session() };
    const made = await watched(this.browser, this.server.url, { ...signed_in, ...options.context });
    this.context = made.context;
    this.watch = made.watch;
    this.page = await this.context.newPage();
  }

  // The session that all tests of a file share: opened by the first one that wants it.
  async #session() {
    if (this.server.state) return this.server.state;
    const { context, watch } = await watched(this.browser, this.server.url);
    try {
      const page = await context.newPage();
      await page.goto(await this.server.link());
      await shown(page.getByRole("navigation"));
      if (watch.problems().length) throw new Error(watch.problems().join("\n"));
      this.server.state = await context.storageState();
    } finally {
      await context.close();
    }
    return this.server.state;
  }

  /** A page of the dashboard: open("/ui/pods"). @param {string} path */
  open = async (path) => {
    await this.page.goto(this.server.url + path);
    await shown(this.page.getByRole("main"));
    return this.page;
  };

  /** A call to the API with the page's own identity and headers. */
  api = async (method, path, body, type = "application/json") => {
    const headers = {
      Origin: this.server.url,
      "X-Appliance": "1",
      ...(body === undefined ? {} : { "Content-Type": type }),
    };
    const answer = await this.context.request.fetch(this.server.url + path, {
      method,
      headers,
      data: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
    });
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
    return (answer.headers()["content-type"] ?? "").includes("json") ? answer.json() : answer.text();
  };

  /** Runs at the end, also when the test fails. @param {() => Promise<unknown>} what */
  later = (what) => void this.cleanups.unshift(what);

  async end() {
    for (const what of this.cleanups) await what().catch(() => undefined);
    await this.context?.close();
  }
}
