import { expect, test } from "vitest";
import { press_text, Sequence, SEQUENCE_MS } from "./key_sequence";

const KNOWN = ["l", "g o", "g w", "g", "mod-k", "?"];
const plain = { ctrl: false, meta: false, alt: false };

test("a key alone is itself", () => expect(new Sequence().press("l", 0, KNOWN)).toBe("l"));

test("two keys one after the other are a sequence", () => {
  const sequence = new Sequence();
  expect(sequence.press("g", 0, KNOWN)).toBe("");
  expect(sequence.press("w", 200, KNOWN)).toBe("g w");
});

test("a sequence that takes too long is none", () => {
  const sequence = new Sequence();
  sequence.press("g", 0, KNOWN);
  expect(sequence.press("o", SEQUENCE_MS + 1, KNOWN)).toBeNull();
});

test("a sequence that leads nowhere leaves the second key its own meaning", () => {
  const sequence = new Sequence();
  sequence.press("g", 0, KNOWN);
  expect(sequence.press("l", 10, KNOWN)).toBe("l");
});

test("after a sequence the next key begins anew", () => {
  const sequence = new Sequence();
  sequence.press("g", 0, KNOWN);
  sequence.press("o", 10, KNOWN);
  expect(sequence.press("o", 20, KNOWN)).toBeNull();
});

test("Ctrl and Command are one modifier, and Shift is in the key", () => {
  expect(press_text({ ...plain, key: "K", ctrl: true })).toBe("ctrl-k");
  expect(press_text({ ...plain, key: "k", meta: true })).toBe("ctrl-k");
  expect(press_text({ ...plain, key: "?" })).toBe("?");
  expect(new Sequence().press("ctrl-k", 0, KNOWN)).toBe("mod-k");
});

test("what nobody wants is nobody's", () => expect(new Sequence().press("z", 0, KNOWN)).toBeNull());
