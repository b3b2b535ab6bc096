import { expect, it } from "vitest";
import { newly_seen } from "./tokens";

const row = (u: string, t: number) => ({ u, n: u, t, c: [] });

it("a node that was not there when the page opened is new, newest first", () => {
  const rows = [row("a", 1), row("b", 3), row("c", 2)];
  const names = (list: { u: string }[]) => list.map((one) => one.u);
  expect(names(newly_seen(rows, new Set(["a"])).fresh)).toEqual(["b", "c"]);
  expect(names(newly_seen(rows, new Set(["a"])).known)).toEqual(["a"]);
  expect(newly_seen(rows, null).fresh).toEqual([]);
});
