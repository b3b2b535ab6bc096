import { expect, it } from "vitest";
import { list_level, parent_of, trail_of, type Ask, type Entry } from "./tree";
import { bytes_of, hex_dump } from "./value";

// A store that answers as the server does.
function store(keys: string[]) {
  const sorted = [...keys].sort((a, b) => (a < b ? -1 : 1));
  let questions = 0;
  const ask: Ask = async ({ prefix, after, limit }) => {
    questions++;
    const left = sorted.filter((key) => key.startsWith(prefix) && (!after || key > after));
    const facts = { create_revision: 1, mod_revision: 1, version: 1, lease: 0, size: 1 };
    return {
      revision: 9,
      keys: left.slice(0, limit).map((key) => ({ key, ...facts })),
      more: left.length > limit,
      count: left.length,
    };
  };
  return { ask, asked: () => questions };
}
const text = (entries: Entry[]) => entries.map((one) => (one.is === "folder" ? `${one.name} ${one.count}` : one.name));

const KEYS = [
  ...Array.from({ length: 1000 }, (_, i) => `/registry/pods/default/p${i}`),
  "/registry/pods/kube-system/dns",
  "/registry/namespaces/default",
  "/registry/zz",
  "/other",
];

it("shows folders with how many keys are in them, and keys", async () => {
  const { ask, asked } = store(KEYS);
  expect(text((await list_level("", "", ask)).entries)).toEqual(["/ 1004"]);
  expect(text((await list_level("/", "", ask)).entries)).toEqual(["other", "registry/ 1003"]);
  expect(text((await list_level("/registry/", "", ask)).entries)).toEqual(["namespaces/ 1", "pods/ 1001", "zz"]);
  expect(asked()).toBeLessThan(12); // and not a thousand keys
});

it("goes on where a page ended, each key once", async () => {
  const { ask } = store(KEYS);
  const seen: string[] = [];
  let after: string | null = "";
  for (let pages = 0; after !== null; pages++) {
    const level: Awaited<ReturnType<typeof list_level>> = await list_level("/registry/pods/default/", after, ask, 300);
    seen.push(...text(level.entries));
    after = level.after;
    expect(pages).toBeLessThan(5);
  }
  expect(seen).toHaveLength(1000);
  expect(new Set(seen).size).toBe(1000);
});

it("says so when nothing is there", async () => {
  expect(await list_level("/none/", "", store(KEYS).ask)).toEqual({ entries: [], after: null });
});

it("knows the way to a prefix and back", () => {
  expect(trail_of("/registry/pods/")).toEqual(["/", "/registry/", "/registry/pods/"]);
  expect(parent_of("/registry/pods/")).toBe("/registry/");
  expect(parent_of("/registry/po")).toBe("/registry/");
});

it("writes bytes in hex and as far as they are ASCII", () => {
  expect(hex_dump(bytes_of({ encoding: "base64", value: btoa("\x00\xffAB") }))).toBe(
    "00000000  00 ff 41 42                                      ..AB",
  );
  expect(hex_dump(bytes_of({ encoding: "text", value: "é" }))).toContain("c3 a9");
});
