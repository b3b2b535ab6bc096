import { describe, expect, it } from "vitest";
import { merge } from "./merge";
import { head_of, line_of_field, parts_of_path, desired, revision_of, split_documents, without_revision } from "./scan";

const POD = `apiVersion: v1
kind: Pod
metadata:
  labels:
    app.kubernetes.io/name: web
    name: not-this-one
  name: web-1
  namespace: default
  resourceVersion: "42"
spec:
  containers:
  - image: web:1
    name: web
    ports:
      - containerPort: 80
      - containerPort: 443
  - name: side
    image: side:1
status:
  phase: Running
`;

describe("documents", () => {
  it("are parted by lines of three dashes, and keep their line", () => {
    const found = split_documents("# hello\n---\na: 1\n--- # two\nb: 2\n---\n---\n\n# nothing\n---\nc: |\n  --- no\n");
    expect(found.map((one) => [one.line, one.text.trim()])).toEqual([
      [3, "a: 1"],
      [5, "b: 2"],
      [11, "c: |\n  --- no"],
    ]);
  });
  it("say what they are", () => {
    expect(head_of(POD)).toEqual({ api_version: "v1", kind: "Pod", name: "web-1", ns: "default" });
    expect(head_of(`kind: "ConfigMap" # x\napiVersion: 'v1'\nmetadata: {name: a, namespace: "b"}\n`)).toEqual({
      api_version: "v1",
      kind: "ConfigMap",
      name: "a",
      ns: "b",
    });
    expect(head_of(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"}}`)).toMatchObject({
      kind: "Pod",
      name: "p",
    });
    expect(head_of("just text")).toEqual({ api_version: "", kind: "", name: "", ns: "" });
  });
});

describe("fields", () => {
  it("are split at dots and brackets", () => {
    expect(parts_of_path("spec.containers[1].image")).toEqual(["spec", "containers", 1, "image"]);
    expect(parts_of_path("metadata.labels[app.kubernetes.io/name]")).toEqual([
      "metadata",
      "labels",
      "app.kubernetes.io/name",
    ]);
  });
  it.each([
    ["spec.containers[0].image", 12],
    ["spec.containers[0].name", 13],
    ["spec.containers[0].ports[1].containerPort", 16],
    ["spec.containers[1].image", 18],
    ["metadata.name", 7],
    ["metadata.labels[app.kubernetes.io/name]", 5],
    ["spec.containers[1].resources.limits", 17],
    ["spec.replicas", 10],
    ["nothing", 0],
  ])("%s is found at line %i, or its nearest parent", (path, line) => expect(line_of_field(POD, path)).toBe(line));
  it("of the server's own are no difference", () => {
    expect(without_revision(POD)).not.toContain("resourceVersion");
    expect(revision_of(POD)).toBe("42");
    expect(desired(POD)).toBe(without_revision(POD).replace(/status:[^]*/, ""));
    expect(desired("a: 1\nstatus:\n  b: 2\n- x\nz: 3\n")).toBe("a: 1\nz: 3\n");
  });
});

it("keys of a ConfigMap are not taken for its metadata", () => {
  const map =
    "apiVersion: v1\ndata:\n  generation: '1'\n  resourceVersion: '7'\nkind: ConfigMap\n" +
    "metadata:\n  annotations:\n    resourceVersion: no\n  name: m\n  resourceVersion: '42'\nz:\n  generation: 9\n";
  expect(revision_of(map)).toBe("42");
  expect(without_revision(map)).toBe(map.replace("  resourceVersion: '42'\n", ""));
  expect(revision_of(map.replace("  resourceVersion: '42'\n", ""))).toBe("");
});

describe("merge", () => {
  const base = "a\nb\nc\nd\ne\nf\n";
  it("does what one changed to what the other made of it", () => {
    expect(merge(base, "a\nB\nc\nd\ne\nf\n", "a\nb\nc\nd\nnew\ne\nF\n")).toEqual({
      text: "a\nB\nc\nd\nnew\ne\nF\n",
      conflicts: 0,
    });
  });
  it("keeps mine where both changed the same lines, and counts", () => {
    expect(merge(base, "a\nmine\nc\nd\ne\nf\n", "a\ntheirs\nc\nd\ne\nF\n")).toEqual({
      text: "a\nmine\nc\nd\ne\nF\n",
      conflicts: 1,
    });
  });
  it("tells neighbours from the same lines", () => {
    expect(merge(base, "a\nmine\nc\nd\ne\nf\n", "a\nb\ntheirs\nd\ne\nf\n")).toEqual({
      text: "a\nmine\ntheirs\nd\ne\nf\n",
      conflicts: 0,
    });
    expect(merge(base, "a\nb\nmine\nc\nd\ne\nf\n", "a\nb\ntheirs\nc\nd\ne\nf\n").conflicts).toBe(1);
  });
  it("keeps lines of theirs beside a line that both changed, and counts each line that gives way", () => {
    expect(merge(base, "a\nmine\nc\nd\ne\nf\n", "a\nt1\nt2\nt3\ne\nf\n")).toEqual({
      text: "a\nmine\nt2\nt3\ne\nf\n",
      conflicts: 1,
    });
    expect(merge(base, "a\nm1\nm2\nd\ne\nf\n", "a\nt1\nt2\nt3\ne\nf\n")).toEqual({
      text: "a\nm1\nm2\nt3\ne\nf\n",
      conflicts: 2,
    });
    expect(merge(base, "a\nmine\nc\nd\ne\nf\n", "a\nf\n").conflicts).toBe(4);
  });
  it("takes equal changes for one", () => {
    expect(merge(base, "a\nB\nc\nd\ne\nf\n", "a\nB\nc\nd\ne\nf\n")).toEqual({
      text: "a\nB\nc\nd\ne\nf\n",
      conflicts: 0,
    });
  });
  it("gives theirs when nothing of mine changed, and mine when nothing of theirs did", () => {
    expect(merge(base, base, "x\n").text).toBe("x\n");
    expect(merge(base, "x\n", base).text).toBe("x\n");
  });
});
