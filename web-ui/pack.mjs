// Packs the built pages for the executable: node pack.mjs DIST OUT
//
// Each file of DIST is compressed by brotli 11 and gzip 9 and appended to OUT/blob.bin; identity bytes are not kept.
// OUT/index.txt tells where, a line a file, its fields apart by a tab (pkg/node/webui/table.h reads it):
//   build  ID                                       of all files: who has another one has other pages
//   file   PATH  MIME  ETAG  CACHE  SIZE  BR_OFFSET  BR_SIZE  GZ_OFFSET  GZ_SIZE
// CACHE is `immutable` for names that carry a hash, else `revalidate`. __APPLIANCE_BUILD__ in index.html becomes the ID.
// The same DIST gives the same bytes, whatever the folder. OUT/sizes.json is the table in numbers, for tests.
// What is over its budget ends the build.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { extname, join, posix } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const KB = 1024;
const BUDGETS = {
  firstScreenBytes: 64 * KB, // brotli: what a cold browser fetches before it shows a page
  firstScreenRequests: 6,
  scriptBytes: 300 * KB, // brotli: all of it, also what is loaded when it is wanted
  assetBytes: 700 * KB, // brotli and gzip: what the executable holds
};

const MIME = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".mjs": "text/javascript; charset=utf-8",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

const HASHED = /^assets\/.+-[A-Za-z0-9_-]{8,}\.[a-z0-9]+$/; // as vite names them

function die(text) {
  console.error(`pack.mjs: ${text}`);
  process.exit(1);
}

function walk(folder, prefix = "") {
  const found = [];
  for (const entry of readdirSync(join(folder, prefix), { withFileTypes: true })) {
    const path = posix.join(prefix, entry.name);
    if (entry.isDirectory()) found.push(...walk(folder, path));
    else found.push(path);
  }
  return found.sort();
}

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

function compress(bytes) {
  const br = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: 22,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  return { br, gz: gzipSync(bytes, { level: 9 }) }; // zlib of node writes neither name nor time
}

function read(dist) {
  const files = walk(dist).map((path) => ({ path, bytes: readFileSync(join(dist, path)) }));
  const build = sha256(files.map((f) => `${f.path} ${sha256(f.bytes)}\n`).join("")).slice(0, 16);
  const index = files.find((f) => f.path === "index.html");
  if (!index) die(`${dist}/index.html is not there`);
  index.bytes = Buffer.from(index.bytes.toString("utf8").replaceAll("__APPLIANCE_BUILD__", build));
  for (const file of files) {
    file.mime = MIME[extname(file.path)] ?? die(`${file.path}: no MIME type is known for it`);
    file.etag = `"${sha256(file.bytes).slice(0, 16)}"`;
    file.cache = HASHED.test(file.path) ? "immutable" : "revalidate";
    Object.assign(file, compress(file.bytes));
  }
  return { files, build };
}

// index.html, what it names, and what those scripts import before they run.
function firstScreen(files) {
  const byPath = new Map(files.map((f) => [f.path, f]));
  const seen = new Map();
  const add = (path) => {
    const file = byPath.get(path);
    if (!file || seen.has(path)) return;
    seen.set(path, file);
    if (!path.endsWith(".js")) return;
    const text = file.bytes.toString("utf8");
    for (const [, name] of text.matchAll(/(?:^|[;}\n])\s*(?:import|export)(?:[^"'();]*?from)?\s*["'](\.[^"']+)["']/g))
      add(posix.join(posix.dirname(path), name));
  };
  add("index.html");
  const html = byPath.get("index.html").bytes.toString("utf8");
  for (const [, name] of html.matchAll(/<(?:script|link|img)\b[^>]*?\s(?:src|href)="\/ui\/([^"]+)"/g)) add(name);
  return [...seen.values()];
}

function sizes({ files, build }) {
  const sum = (list, key) => list.reduce((total, file) => total + file[key].length, 0);
  const first = firstScreen(files);
  const scripts = files.filter((f) => f.path.endsWith(".js"));
  return {
    build,
    firstScreenBytes: sum(first, "br"),
    firstScreenRequests: first.length,
    firstScreen: first.map((f) => f.path),
    scriptBytes: sum(scripts, "br"),
    assetBytes: sum(files, "br") + sum(files, "gz"),
    files: files.map((f) => ({ path: f.path, size: f.bytes.length, br: f.br.length, gz: f.gz.length })),
    budgets: BUDGETS,
  };
}

function print(result) {
  const first = new Set(result.firstScreen);
  const row = (...cells) =>
    console.log(cells.map((c, i) => (i === 0 ? String(c).padEnd(44) : String(c).padStart(9))).join(""));
  row("file", "bytes", "brotli", "gzip", "");
  for (const f of result.files) row(f.path, f.size, f.br, f.gz, first.has(f.path) ? "first" : "");
  for (const [key, most] of Object.entries(BUDGETS)) row(key, result[key], "of", most, "");
}

function write({ files, build }, out) {
  const parts = [];
  let end = 0;
  const place = (bytes) => {
    parts.push(bytes);
    end += bytes.length;
    return `${end - bytes.length}\t${bytes.length}`;
  };
  const lines = files.map(
    (f) => `file\t${f.path}\t${f.mime}\t${f.etag}\t${f.cache}\t${f.bytes.length}\t${place(f.br)}\t${place(f.gz)}\n`,
  );
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "index.txt"), `build\t${build}\n${lines.join("")}`);
  writeFileSync(join(out, "blob.bin"), Buffer.concat(parts));
}

const [dist, out] = process.argv.slice(2);
if (!out) die("usage: node pack.mjs DIST OUT");
const packed = read(dist);
const result = sizes(packed);
print(result);
const over = Object.keys(BUDGETS).filter((key) => result[key] > BUDGETS[key]);
if (over.length > 0) die(`over budget: ${over.map((key) => `${key} ${result[key]} > ${BUDGETS[key]}`).join(", ")}`);
write(packed, out);
writeFileSync(join(out, "sizes.json"), `${JSON.stringify(result, null, 2)}\n`);
