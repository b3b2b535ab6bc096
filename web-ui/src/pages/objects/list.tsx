// The list of a kind, with the choice of kinds above it.
import { kubectl } from "../../api/kubectl";
import type { Resource } from "../../api/discovery";
import { KINDS, type Kind } from "../../api/kinds";
import { useCollection } from "../../live/collection";
import { go, namespace, route } from "../../router";
import { object_href } from "../../ui/link";
import { Empty } from "../../ui/state";
import { Table } from "../../ui/table";
import { ListHead } from "../parts/list_head";
import { useResources } from "./resources";

export const kind_of_resource = (resource: Resource): Kind =>
  KINDS[resource.plural] ?? {
    kind: resource.plural,
    one: resource.kind.toLowerCase(),
    title: resource.plural,
    group: resource.group,
    namespaced: resource.namespaced,
    page: "objects",
  };

const TEACH: Record<string, string> = {
  configmaps: "kubectl create configmap settings --from-literal=COLOUR=blue",
  secrets: "kubectl create secret generic login --from-literal=PASSWORD=…",
  serviceaccounts: "kubectl create serviceaccount robot",
  namespaces: "kubectl create namespace shop",
};

export function ObjectList({ resource }: { resource: Resource }) {
  const { plural, group, namespaced } = resource;
  const ns = namespaced ? namespace.value : "";
  const rows = useCollection({ kind: plural, group, ns });
  const kind = kind_of_resource(resource);
  return (
    <>
      <ListHead title="Objects">
        <KindChoice plural={plural} />
      </ListHead>
      <Table
        key={plural}
        id={plural}
        rows={rows}
        kind={kind}
        rows_href={(row) => object_href(plural, row.s, row.n)}
        empty={<Empty teach={TEACH[plural] ?? kubectl("get", plural, "-A")}>There are none here.</Empty>}
      />
    </>
  );
}

function KindChoice({ plural }: { plural: string }) {
  const resources = useResources();
  const groups = new Map<string, Resource[]>();
  for (const one of resources) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  const title = (one: Resource) => KINDS[one.plural]?.title ?? one.kind;
  return (
    <label class="kind-choice">
      <span class="muted">Kind</span>
      <select
        value={plural}
        onChange={(event) => go("objects", [event.currentTarget.value], { ns: route.value.query.ns })}
      >
        {[...groups].map(([group, list]) => (
          <optgroup key={group} label={group || "core"}>
            {list.map((one) => (
              <option key={one.plural} value={one.plural}>
                {title(one)}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}
