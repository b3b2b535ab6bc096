// The kinds that the pages know by name. What the discovery documents say beyond this is listed by the palette.
export interface Kind {
  kind: string; // the plural, as in paths
  title: string; // of many
  one: string; // of one, as in kubectl: "pod"
  group: string;
  namespaced: boolean;
  page: string; // the page that shows it
}

const make = (kind: string, one: string, title: string, group: string, namespaced: boolean, page: string): Kind => ({
  kind,
  one,
  title,
  group,
  namespaced,
  page,
});

export const KINDS: Record<string, Kind> = Object.assign(
  Object.create(null), // the URL may name "constructor": that is no kind
  Object.fromEntries(
    [
      make("pods", "pod", "Pods", "", true, "pods"),
      make("deployments", "deployment", "Deployments", "apps", true, "workloads"),
      make("replicasets", "replicaset", "ReplicaSets", "apps", true, "workloads"),
      make("services", "service", "Services", "", true, "network"),
      make("endpointslices", "endpointslice", "EndpointSlices", "discovery.k8s.io", true, "network"),
      make("nodes", "node", "Nodes", "", false, "nodes"),
      make("namespaces", "namespace", "Namespaces", "", false, "objects"),
      make("configmaps", "configmap", "ConfigMaps", "", true, "objects"),
      make("secrets", "secret", "Secrets", "", true, "objects"),
      make("serviceaccounts", "serviceaccount", "ServiceAccounts", "", true, "objects"),
      make("events", "event", "Events", "", true, "events"),
    ].map((kind) => [kind.kind, kind]),
  ),
);

// "Deployment" of an owner reference -> deployments.
export function kind_of(singular: string): Kind | undefined {
  const lower = singular.toLowerCase();
  return Object.values(KINDS).find((kind) => kind.one === lower);
}
