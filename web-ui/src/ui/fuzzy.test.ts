import { expect, test } from "vitest";
import { fuzzy } from "./fuzzy";
import { pieces, rank, type Offer } from "./palette_model";

const best = (typed: string, ...texts: string[]) =>
  texts
    .map((text) => ({ text, match: fuzzy(typed, text) }))
    .filter((one) => one.match)
    .sort((a, b) => b.match!.score - a.match!.score)
    .map((one) => one.text);

test("letters must all occur, in order", () => {
  expect(fuzzy("wbx", "web-1")).toBeNull();
  expect(fuzzy("bw", "web")).toBeNull();
  expect(fuzzy("wb1", "web-1")?.at).toEqual([0, 2, 4]);
});

test("nothing typed matches everything", () => expect(fuzzy("", "web")?.at).toEqual([]));

test("the whole word beats its letters, the beginning beats the middle, the short beats the long", () => {
  expect(best("api", "a-p-i-x", "shop-api", "api", "api-server")).toEqual(["api", "api-server", "shop-api", "a-p-i-x"]);
});

test("beginnings of words count more than letters anywhere", () => {
  expect(best("cp", "escape", "checkout-payments")[0]).toBe("checkout-payments");
});

test("a preference for beginnings misses nothing that is there", () => {
  expect(fuzzy("cb", "acb-c")).not.toBeNull();
  expect(fuzzy("ac", "xa-c-a")).not.toBeNull();
});

test("words may come in any order", () => expect(fuzzy("shop web", "web pod shop")).not.toBeNull());

const offer = (label: string, group: Offer["group"], words?: string): Offer => ({
  id: `${group} ${label}`,
  label,
  group,
  words,
  run: () => undefined,
});

test("of equal answers the page comes before the action and the object", () => {
  const ranked = rank("pods", [offer("Pods", "Objects"), offer("Pods", "Actions"), offer("Pods", "Pages")]);
  expect(ranked.map((one) => one.offer.group)).toEqual(["Pages", "Actions", "Objects"]);
});

test("hidden words find an offer but are not marked", () => {
  const [found] = rank("secret", [offer("db-password", "Objects", "secret shop")]);
  expect(found?.offer.label).toBe("db-password");
  expect(found?.at).toEqual([]);
});

test("only so many answers are shown", () => {
  const many = Array.from({ length: 500 }, (_, i) => offer(`web-${i}`, "Objects"));
  expect(rank("web", many, 7)).toHaveLength(7);
});

test("what was typed is marked, the rest stays one piece", () => {
  expect(pieces("web-1", [0, 1, 4])).toEqual([
    { text: "we", marked: true },
    { text: "b-", marked: false },
    { text: "1", marked: true },
  ]);
});
