import { beforeEach, expect, test, vi } from "vitest";

const here = { pathname: "/ui/pods", search: "?ns=shop&q=web", origin: "https://x" };
vi.stubGlobal("location", here);
vi.stubGlobal("scrollTo", () => undefined);
vi.stubGlobal("scrollY", 0);
const entries: string[] = [];
const put = (_: unknown, __: string, url: string) => {
  entries.push(url);
  [here.pathname, here.search] = [url.split("?")[0]!, url.includes("?") ? url.slice(url.indexOf("?")) : ""];
};
vi.stubGlobal("history", { state: null, pushState: put, replaceState: put });
const { go, href, namespace, parse, route, set } = await import("./router");

beforeEach(() => {
  entries.length = 0;
  go("pods", [], { ns: "shop", q: "web" });
});

test("an address is a page, what it is about, and what it shows", () => {
  expect(parse("/ui/pods/shop/web%201", "?tab=logs")).toEqual({
    page: "pods",
    parts: ["shop", "web 1"],
    query: { tab: "logs" },
  });
  expect(parse("/ui/", "").page).toBe("overview");
  expect(parse("/elsewhere", "").page).toBe("overview");
});

test("a stray % is itself", () => expect(parse("/ui/pods/100%", "").parts).toEqual(["100%"]));

test("what href() writes parse() reads, whatever the names", () => {
  for (const name of ["a/b", "ü?&=#", "..", "<script>", "%41"]) {
    const [path, search] = href("objects", ["kind", name], { q: name }).split("?");
    const read = parse(path!, `?${search}`);
    expect([read.parts[1], read.query.q]).toEqual([name, name]);
  }
});

test("the chosen namespace goes along, unless the address names another or none", () => {
  expect(namespace.value).toBe("shop");
  expect(href("nodes")).toBe("/ui/nodes?ns=shop");
  expect(href("nodes", [], { ns: "kube-system" })).toBe("/ui/nodes?ns=kube-system");
  expect(href("nodes", [], { ns: "" })).toBe("/ui/nodes");
});

test("set() changes the query alone and removes what is empty", () => {
  set({ q: undefined, sort: "-Age" });
  expect(route.value).toEqual({ page: "pods", parts: [], query: { ns: "shop", sort: "-Age" } });
  expect(entries.at(-1)).toBe("/ui/pods?ns=shop&sort=-Age");
});
