import { expect, test } from "vitest";
import type { Row } from "./protocol";
import { share } from "./share";

const row = (change: Partial<Row> = {}): Row =>
  structuredClone({
    u: "1",
    n: "web",
    t: 5,
    c: ["web", "1/1", null, 3],
    o: ["ReplicaSet", "web-1", "9"],
    l: { app: "web" },
    x: { containers: ["a", "b"], last: { code: 1 } },
    ...change,
  } as Row);

test("what is equal in a row that comes again is what it was", () => {
  const before = row();
  const now = share(before, row({ c: ["web", "0/1", null, 3], x: { containers: ["a", "b"], last: { code: 2 } } }));
  expect(now).toEqual(row({ c: ["web", "0/1", null, 3], x: { containers: ["a", "b"], last: { code: 2 } } }));
  expect(now.o).toBe(before.o);
  expect(now.l).toBe(before.l);
  expect(now.c).not.toBe(before.c);
  expect(now.x!.containers).toBe(before.x!.containers);
  expect(before.x!.last.code).toBe(1);
});

test("what is shorter, longer or of another form is not shared", () => {
  const before = row();
  expect(share(before, row({ c: ["web", "1/1"] })).c).toEqual(["web", "1/1"]);
  expect(share(before, row({ l: { app: "web", tier: "1" } })).l).toEqual({ app: "web", tier: "1" });
  expect(share(before, row({ l: {} })).l).toEqual({});
  expect(share(before, row({ x: { containers: { 0: "a", 1: "b" } } })).x).toEqual({ containers: { 0: "a", 1: "b" } });
  expect(share(undefined, row())).toEqual(row());
});
