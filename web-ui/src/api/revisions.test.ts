import { expect, it } from "vitest";
import { previous_of, revisions_in, undo_patch } from "./revisions";
import { owned_by } from "./owned";

const set = (revision: number, owner = "d") => ({
  metadata: {
    name: `web-${revision}`,
    uid: `s${revision}`,
    annotations: { "deployment.kubernetes.io/revision": String(revision) },
    ownerReferences: [{ controller: true, uid: owner }],
  },
  spec: {
    template: {
      metadata: { labels: { app: "web", "pod-template-hash": "abc" } },
      spec: { containers: [{ image: `web:${revision}` }] },
    },
  },
});
const deployment = { metadata: { uid: "d", annotations: { "deployment.kubernetes.io/revision": "3" } } };

it("revisions are those of the deployment, newest first, without the hash of their pods", () => {
  const found = revisions_in(deployment, [set(1), set(3), set(2), set(9, "other")]);
  expect(found.map((one) => one.number)).toEqual([3, 2, 1]);
  expect(found[0]!.current).toBe(true);
  expect(found[0]!.images).toEqual(["web:3"]);
  expect(found[0]!.template.metadata.labels).toEqual({ app: "web" });
  expect(previous_of(found)!.number).toBe(2);
});

it("a deployment with one revision has none to go back to", () => {
  expect(previous_of(revisions_in(deployment, [set(3)]))).toBeUndefined();
});

it("undo brings back the template and the annotations, but for those that are the deployment's own", () => {
  const kept = {
    "deployment.kubernetes.io/revision": "3",
    "deployment.kubernetes.io/revision-history": "1",
    "kubectl.kubernetes.io/last-applied-configuration": "{}",
    "deprecated.deployment.rollback.to": "0",
  };
  const now = { metadata: { uid: "d", annotations: { ...kept, "kubernetes.io/change-cause": "new", added: "later" } } };
  const earlier = set(2);
  Object.assign(earlier.metadata.annotations, {
    "deployment.kubernetes.io/desired-replicas": "5",
    "deployment.kubernetes.io/max-replicas": "7",
    "kubernetes.io/change-cause": "old",
  });
  const to = previous_of(revisions_in(now, [set(3), earlier]))!;
  expect(undo_patch(now, to)).toEqual([
    { op: "replace", path: "/spec/template", value: to.template },
    { op: "add", path: "/metadata/annotations", value: { ...kept, "kubernetes.io/change-cause": "old" } },
  ]);
  expect(undo_patch({ metadata: {} }, to)[1]).toMatchObject({ value: { "kubernetes.io/change-cause": "old" } });
});

it("what goes too is what has the owner, not what has its labels", () => {
  const meta = (name: string, uid?: string) => ({ name, uid: name, ownerReferences: uid ? [{ uid }] : undefined });
  const found = owned_by([meta("a", "x"), meta("b", "y"), meta("c")], new Set(["x"]));
  expect(found.map((one) => one.name)).toEqual(["a"]);
});
