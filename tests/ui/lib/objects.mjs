// Objects of the fixture, found by what they are: its names are random.
/** @typedef {import("./test.mjs").Test} Test */

/** @param {Test} t @param {string} path @returns {Promise<any[]>} */
export const list = async (t, path) => (await t.api("GET", path)).items;

export const pods = (t) => list(t, "/api/v1/pods");
export const deployments = (t) => list(t, "/apis/apps/v1/deployments");

const one = (what, found) => {
  if (!found) throw new Error(`the fixture has no ${what}`);
  return found;
};

const state = (pod) => pod.status?.containerStatuses ?? [];
export const crashing = (pod) =>
  state(pod).some((s) => s.state?.waiting?.reason === "CrashLoopBackOff") && pod.spec.nodeName;
export const well = (pod) =>
  pod.status?.phase === "Running" && state(pod).length > 0 && state(pod).every((s) => s.ready && !s.restartCount);

/** @param {Test} t */
export const a_pod = async (t, which = well) => one("such pod", (await pods(t)).find(which));

/** A deployment, well, with as many replicas at least. @param {Test} t */
export async function a_deployment(t, { replicas = 2, revisions = 1, nth = 0 } = {}) {
  const [all, sets] = await Promise.all([deployments(t), list(t, "/apis/apps/v1/replicasets")]);
  const old = (d) => sets.filter((s) => s.metadata.ownerReferences?.some((o) => o.uid === d.metadata.uid)).length;
  const good = all.filter(
    (d) =>
      d.spec.replicas >= replicas &&
      (d.status?.readyReplicas ?? 0) >= d.spec.replicas &&
      !d.metadata.deletionTimestamp &&
      old(d) >= revisions,
  );
  return one(`deployment with ${replicas} replicas and ${revisions} revisions`, good[nth]);
}

export const name_of = (o) => o.metadata.name;
export const ns_of = (o) => o.metadata.namespace;
export const deployment_path = (d) => `/apis/apps/v1/namespaces/${ns_of(d)}/deployments/${name_of(d)}`;
export const pod_path = (p) => `/api/v1/namespaces/${ns_of(p)}/pods/${name_of(p)}`;
export const deployment_page = (d) => `/ui/workloads/deployments/${ns_of(d)}/${name_of(d)}`;
export const pod_page = (p) => `/ui/pods/${ns_of(p)}/${name_of(p)}`;
