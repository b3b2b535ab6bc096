// Debian's Chromium, headless and cut off: whatever is not the server under test has no address. Every page is watched:
// an error on the console, an uncaught exception, a violation of the content security policy, a request to another
// origin, a dialog of the browser: each fails the test, unless the test said beforehand that it expects it.
import { chromium } from "playwright-core";

const EXECUTABLE = process.env.APP_CHROMIUM ?? "/usr/bin/chromium";
const STATE_MS = 15_000; // for a state to come; a slow machine, not a sleep
const FLAGS = [
  "--no-sandbox", // the tests run as root
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
];

/**
 * @param {string} url of the server under test: the only host that has an address
 * @param {string[]} more flags
 */
export async function launch(url, more = []) {
  const host = new URL(url).hostname;
  return chromium.launch({
    executablePath: EXECUTABLE,
    headless: process.env.APP_UI_SHOW !== "1",
    args: [...FLAGS, `--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE ${host}`, ...more],
  });
}

// Runs in the page before anything of it: what scripts cannot hide from the test.
function listen() {
  document.addEventListener("securitypolicyviolation", (event) => {
    void globalThis.__ui_problem(
      `content security policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`,
    );
  });
}

/** What went wrong in the pages of one context. */
export class Watch {
  /** @param {string} origin */
  constructor(origin) {
    this.origin = origin;
    /** @type {string[]} */
    this.found = [];
    /** @type {RegExp[]} */
    this.allowed = [];
    /** @type {string[]} every request, "GET https://…" */
    this.requests = [];
  }

  /** Something that this test provokes: an answer 404, a lost connection. @param {...RegExp} patterns */
  allow(...patterns) {
    this.allowed.push(...patterns);
  }

  problems() {
    return this.found.filter((text) => !this.allowed.some((pattern) => pattern.test(text)));
  }

  /** @param {import("playwright-core").BrowserContext} context */
  async attach(context) {
    await context.exposeBinding("__ui_problem", (_, text) => void this.found.push(String(text)));
    await context.addInitScript(listen);
    context.on("request", (request) => this.#seen(request.method(), request.url()));
    context.on("page", (page) => {
      page.on("websocket", (socket) => this.#seen("WEBSOCKET", socket.url()));
      page.on("console", (message) => {
        if (message.type() === "error") this.found.push(`console: ${message.text()} ${message.location().url}`);
      });
      page.on("pageerror", (error) => this.found.push(`page error: ${error.stack ?? error}`));
      page.on("crash", () => this.found.push("the page crashed"));
      page.on("dialog", (dialog) => {
        this.found.push(`a dialog of the browser: ${dialog.message()}`);
        void dialog.dismiss();
      });
    });
  }

  #seen(method, url) {
    this.requests.push(`${method} ${url}`);
    if (/^(data|blob|about):/.test(url)) return;
    const { origin } = new URL(url.replace(/^ws/, "http"));
    if (origin !== this.origin) this.found.push(`a request to another origin: ${method} ${url}`);
  }
}

/**
 * A context with its watch. `state`: cookies of a session that is open already.
 * @param {import("playwright-core").Browser} browser
 * @param {string} url
 */
export async function watched(browser, url, options = {}) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true, // the cluster's own authority
    viewport: { width: 1280, height: 800 },
    colorScheme: "light",
    reducedMotion: "reduce",
    locale: "en-GB",
    timezoneId: "UTC",
    ...options,
  });
  context.setDefaultTimeout(STATE_MS);
  const watch = new Watch(new URL(url).origin);
  await watch.attach(context);
  return { context, watch };
}
