// Runs files of tests: node tests/ui/run.mjs [--binary PATH] [--cluster FILE] [--out FOLDER] [WORD…]
//
//   WORD           only files, or tests "file/name", that contain it
//   --cluster      the tests of tests/ui/cluster against a cluster that the file describes, else those of tests/ui against fixtures
// Each result is a line of JSON, {"name":"pods/…","state":"passed","ms":412}, for tests/run; what failed leaves a picture, what
// was on the page in words, and the reason. With APP_UI_SHOW=1 the browser has a window.
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { launch } from "./lib/browser.mjs";
import { describe_cluster, start_fixture } from "./lib/server.mjs";
import { Test, tests, wanted } from "./lib/test.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const TEST_MS = 90_000; // no test is that long: what hangs is ended

const { values: options, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    binary: { type: "string", default: join(HERE, "../../build/release/appliance") },
    cluster: { type: "string" },
    out: { type: "string", default: join(HERE, "../../build/ui") },
  },
});

const say = (result) => console.log(JSON.stringify(result));

function files() {
  const folder = options.cluster ? join(HERE, "cluster") : HERE;
  const all = readdirSync(folder).filter((name) => name.endsWith("_ui.mjs"));
  return all.sort().map((name) => ({ path: join(folder, name), name: basename(name, "_ui.mjs") }));
}

const chosen = (label) => words.length === 0 || words.some((word) => label.includes(word));

/** @param {Promise<unknown>} work */
function within(work, ms) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error(`no end after ${ms} ms`)), ms)));
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function evidence(t, label) {
  const file = join(options.out, label.replaceAll(/[^A-Za-z0-9]+/g, "-"));
  mkdirSync(options.out, { recursive: true });
  const page = t.page;
  if (!page || page.isClosed()) return "";
  await page.screenshot({ path: `${file}.png`, timeout: 5000 }).catch(() => undefined);
  const words_of = await page
    .locator("body")
    .ariaSnapshot({ timeout: 5000 })
    .catch(() => "");
  writeFileSync(`${file}.txt`, `${page.url()}\n\n${words_of}\n`);
  return `\n  see ${file}.png and .txt`;
}

async function run_one(browser, server, file, one) {
  const label = `${file}/${one.name}`;
  const start = Date.now();
  const t = new Test(browser, server);
  try {
    await within(
      (async () => {
        await t.begin(one.options);
        await one.body(t);
      })(),
      TEST_MS,
    );
    const found = t.watch.problems();
    if (found.length) throw new Error(found.slice(0, 5).join("\n"));
    say({ name: label, state: "passed", ms: Date.now() - start });
    return true;
  } catch (error) {
    const found = t.watch?.problems().slice(0, 5) ?? [];
    const why = [String(/** @type {Error} */ (error).stack ?? error), ...found].join("\n") + (await evidence(t, label));
    say({ name: label, state: "failed", ms: Date.now() - start, why });
    return false;
  } finally {
    await t.end().catch(() => undefined);
  }
}

async function run_file({ path, name }) {
  tests.length = 0;
  wanted.fixture = ["--pods", "200"];
  await import(pathToFileURL(path).href);
  const mine = tests.filter((one) => chosen(`${name}/${one.name}`));
  if (mine.length === 0) return true;
  let server, browser;
  try {
    server = options.cluster ? describe_cluster(options.cluster) : await start_fixture(options.binary, wanted.fixture);
    browser = await launch(server.url);
    let good = true;
    for (const one of mine) good = (await run_one(browser, server, name, one)) && good;
    return good;
  } catch (error) {
    say({ name, state: "failed", ms: 0, why: String(/** @type {Error} */ (error).stack ?? error) });
    return false;
  } finally {
    await browser?.close().catch(() => undefined);
    await server?.close();
  }
}

let good = true;
for (const file of files()) good = (await run_file(file)) && good;
process.exit(good ? 0 : 1);
