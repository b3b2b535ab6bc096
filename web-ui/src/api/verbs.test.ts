import { expect, it } from "vitest";
import { delete_options } from "./verbs";

it("a grace period of 0 is a second, unless it is forced, as kubectl says it", () => {
  expect(delete_options({ grace: 0 }).gracePeriodSeconds).toBe(1);
  expect(delete_options({ grace: 0, force: true }).gracePeriodSeconds).toBe(0);
  expect(delete_options({ grace: 5 }).gracePeriodSeconds).toBe(5);
  expect(delete_options({})).not.toHaveProperty("gracePeriodSeconds");
});
