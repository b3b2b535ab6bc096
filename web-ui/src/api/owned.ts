// What a delete takes with it: objects that the garbage collector removes because their owner is gone. Metadata alone is
// fetched, and of pods only those that the owner's labels select.
import { KINDS } from "./kinds";
import { path_of, request } from "./request";
import { path_of_target, type Target } from "./target";

const METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

export interface Going {
  kind: string; // the plural
  names: string[];
}

interface Meta {
  name: string;
  uid: string;
  ownerReferences?: { uid: string }[];
}

async function list(kind: string, ns?: string, query: Record<string, string> = {}): Promise<Meta[]> {
  const path = path_of({ group: KINDS[kind]?.group, kind, ns });
  const answer = await request("GET", path, { accept: METADATA, query });
  return (answer.items ?? []).map((item: any) => item.metadata as Meta);
}

// Those of `items` that one of `owners` owns. Pure.
export const owned_by = (items: Meta[], owners: Set<string>): Meta[] =>
  items.filter((item) => (item.ownerReferences ?? []).some((owner) => owners.has(owner.uid)));

const going = (kind: string, items: Meta[]): Going[] =>
  items.length ? [{ kind, names: items.map((i) => i.name) }] : [];

const labels_of = (selector: any): string =>
  Object.entries(selector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(",");

export async function what_goes_too(o: Target): Promise<Going[]> {
  if (o.kind === "namespaces") return all_in(o.name);
  if (o.kind === "nodes")
    return going("pods", await list("pods", undefined, { fieldSelector: `spec.nodeName=${o.name}` }));
  if (!["deployments", "replicasets", "services"].includes(o.kind)) return [];
  const object = await request("GET", path_of_target(o));
  const owner = new Set<string>([object.metadata.uid]);
  if (o.kind === "services") return going("endpointslices", owned_by(await list("endpointslices", o.ns), owner));
  const labelSelector = labels_of(object.spec?.selector?.matchLabels);
  const pods = list("pods", o.ns, { labelSelector });
  if (o.kind === "replicasets") return going("pods", owned_by(await pods, owner));
  const sets = owned_by(await list("replicasets", o.ns, { labelSelector }), owner);
  return [...going("replicasets", sets), ...going("pods", owned_by(await pods, new Set(sets.map((set) => set.uid))))];
}

async function all_in(ns: string): Promise<Going[]> {
  const kinds = Object.values(KINDS).filter((kind) => kind.namespaced && kind.kind !== "events");
  const lists = await Promise.all(kinds.map(async ({ kind }) => going(kind, await list(kind, ns))));
  return lists.flat();
}
