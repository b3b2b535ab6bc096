import { expect, it } from "vitest";
import { asked_by_node, sample_times } from "./sums";

const pod = (node: string | undefined, x: object = {}) => ({ u: "", n: "p", t: 0, c: [], x: { node, ...x } });

it("what pods ask for is summed by node; those that are over hold nothing but are counted", () => {
  const sums = asked_by_node([
    pod("n1", { cpu: 250, mem: 100, phase: "Running" }),
    pod("n1", { cpu: 500, mem: 50, phase: "Pending" }),
    pod("n1", { cpu: 900, mem: 900, phase: "Succeeded" }),
    pod("n2"),
    pod(undefined, { cpu: 1000 }),
  ]);
  expect(sums.get("n1")).toEqual({ pods: 3, cpu: 0.75, mem: 150 });
  expect(sums.get("n2")).toEqual({ pods: 1, cpu: 0, mem: 0 });
  expect(sums.size).toBe(2);
});

it("samples end now", () => expect(sample_times(3, 100)).toEqual([96, 98, 100]));
