import { expect, test } from "vitest";
import { retry_delay } from "./retry";

test("a server that restarts is found again within a second of being there", () => {
  expect(retry_delay(0, 0)).toBe(100);
  for (let tries = 0; tries < 100; tries++) expect(retry_delay(tries, 29_000)).toBeLessThanOrEqual(1000);
});

test("a server that stays away is asked less often, and never forgotten", () => {
  expect(retry_delay(50, 60_000)).toBe(5000);
  expect(retry_delay(10_000, 1e9)).toBe(5000);
});
