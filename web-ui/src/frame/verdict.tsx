// How the cluster is, in one sentence, in the header of every page.
import type { Collection } from "../live/collection";
import { useCollection } from "../live/collection";
import type { Row } from "../live/protocol";
import { href } from "../router";
import { StatusShape, type Severity } from "../ui/status";
import { verdict_of, type Verdict } from "./verdict_text";

const first_row = (collection: Collection): Row | undefined => {
  let worst: Row | undefined;
  for (const row of collection.rows.values()) if (!worst || (row.v ?? 0) > (worst.v ?? 0)) worst = row;
  return worst;
};

export function useVerdict(): Verdict {
  const parts = [
    { one: "node", many: "nodes", found: useCollection({ kind: "nodes", only: "problems" }) },
    {
      one: "deployment",
      many: "deployments",
      found: useCollection({ kind: "deployments", group: "apps", only: "problems" }),
    },
    { one: "pod", many: "pods", found: useCollection({ kind: "pods", only: "problems" }) },
  ];
  return verdict_of(
    parts.map(({ one, many, found }) => {
      found.version.value;
      return { one, many, count: found.problems, known: found.synced, refused: !!found.error, worst: first_row(found) };
    }),
  );
}

export function VerdictLine() {
  const { severity, text, short } = useVerdict();
  return (
    <a class={`verdict s${severity ?? "-"}`} href={href("overview", [], { ns: "" })} title={text}>
      {severity !== undefined && <StatusShape severity={severity as Severity} />}
      <bdi class="roomy">{text}</bdi>
      <bdi class="tight">{short}</bdi>
    </a>
  );
}
