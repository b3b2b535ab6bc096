import { expect, test, vi } from "vitest";
import html from "../../index.html?raw";

vi.mock("../pages/overview", () => ({ default: () => null }));
const { PAGES } = await import("../pages/pages");

test("the navigation that stands in index.html is that of the pages", () => {
  const links = [...html.matchAll(/<a href="\/ui\/([^"]*)">([^<]*)<\/a>/g)].map(([, id, title]) => `${id} ${title}`);
  expect(links).toEqual(PAGES.filter((page) => page.nav).map((page) => `${page.id} ${page.title}`));
});

test("index.html has no script and no style of its own: the policy forbids them", () => {
  expect(html).not.toMatch(/<script(?![^>]* src=)/);
  expect(html).not.toMatch(/<style|\son\w+=/);
});
