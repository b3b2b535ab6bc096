import { expect, test } from "vitest";
import { retry_delay } from "./retry";

test("a server that restarts is found again within half a second of being there", () => {
  expect(retry_delay(0, 0, true)).toBe(100);
  for (let tries = 0; tries < 100; tries++) expect(retry_delay(tries, 29_000, true)).toBeLessThanOrEqual(500);
});

test("a server that stays away is asked less often, and never forgotten", () => {
  expect(retry_delay(50, 60_000, true)).toBe(1000);
  expect(retry_delay(10_000, 1e9, true)).toBe(1000);
});

test("a page that nobody looks at asks seldom", () => expect(retry_delay(50, 1000, false)).toBe(5000));
