// What stands on what, and how well it can be read: WCAG 2.2, 1.4.3 (text, 4.5) and 1.4.11 (edges of controls, 3).
import { expect, test } from "vitest";
import css from "./tokens.css?raw";

const colours = new Map<string, [string, string]>();
for (const [, name, light, dark] of css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g))
  colours.set(name!, [light!, dark!]);

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => {
    const part = parseInt(hex.slice(i, i + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const GROUNDS = ["bg", "surface", "surface-2", "accent-soft"];
const TEXTS = ["text", "text-2", "accent", "ok", "info", "warn", "bad", "idle"];
const PAIRS: [string, string, number][] = [
  ...TEXTS.flatMap((text) => GROUNDS.map((ground): [string, string, number] => [text, ground, 4.5])),
  ["warn", "warn-fill", 4.5],
  ["bad", "bad-fill", 4.5],
  ["text", "flash", 4.5],
  ["text-2", "flash", 4.5],
  ["ok", "flash", 4.5],
  ["on-accent", "accent-fill", 4.5],
  ["on-danger", "danger-fill", 4.5],
  ["line-strong", "bg", 3],
  ["line-strong", "surface", 3],
  ["graph-2", "bg", 3],
  ["graph-3", "bg", 3],
];

test("every colour is a pair for both themes", () => {
  for (const [, name, value] of css.matchAll(/--([\w-]+): ([^;]*#[^;]*);/g))
    expect(value, name).toMatch(/^light-dark\(#\w{6}, #\w{6}\)$/);
});

test("the contrast of black and white is 21", () => expect(contrast("#000000", "#ffffff")).toBeCloseTo(21));

test.each(PAIRS)("%s on %s: at least %d in both themes", (text, ground, least) => {
  const [on, under] = [colours.get(text)!, colours.get(ground)!];
  expect(contrast(on[0], under[0]), "light").toBeGreaterThanOrEqual(least);
  expect(contrast(on[1], under[1]), "dark").toBeGreaterThanOrEqual(least);
});

test("distances are on a grid of 4 px", () => {
  const sizes = [...css.matchAll(/--(?:s\d|top|nav|bottom): (\d+)px/g)];
  expect(sizes.length).toBeGreaterThan(6);
  for (const [text, px] of sizes) expect(Number(px) % 4, text).toBe(0);
});
