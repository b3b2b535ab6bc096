// Every page of the dashboard, with objects of the fixture in the place of names.
import { a_deployment, a_pod, crashing, deployment_page, list, name_of, ns_of, pod_page } from "./objects.mjs";

/** @param {import("./test.mjs").Test} t @returns {Promise<Record<string, string>>} */
export async function all_pages(t) {
  const [bad, good, deployment, services, sets, nodes, spaces] = await Promise.all([
    a_pod(t, crashing),
    a_pod(t),
    a_deployment(t, { replicas: 1 }),
    list(t, "/api/v1/services"),
    list(t, "/apis/apps/v1/replicasets"),
    list(t, "/api/v1/nodes"),
    list(t, "/api/v1/namespaces"),
  ]);
  const own = `${ns_of(good)}/${name_of(good)}`;
  return {
    overview: "/ui/",
    workloads: "/ui/workloads",
    deployment: deployment_page(deployment),
    replicaset: `/ui/workloads/replicasets/${ns_of(sets[0])}/${name_of(sets[0])}`,
    pods: "/ui/pods",
    "a crashing pod": pod_page(bad),
    "a pod": pod_page(good),
    logs: `/ui/logs/pods/${own}`,
    "merged logs": `/ui/logs/deployments/${ns_of(deployment)}/${name_of(deployment)}`,
    yaml: `/ui/yaml/pods/${own}`,
    "yaml being edited": `/ui/yaml/pods/${own}?edit=1`,
    network: "/ui/network",
    service: `/ui/network/${ns_of(services[0])}/${name_of(services[0])}`,
    nodes: "/ui/nodes",
    node: `/ui/nodes/${name_of(nodes[0])}`,
    events: "/ui/events",
    store: "/ui/store",
    objects: "/ui/objects",
    "objects of a kind": "/ui/objects/configmaps",
    "an object": `/ui/objects/namespaces/${name_of(spaces[0])}`,
    join: "/ui/join",
  };
}

/** Until nothing on the page says that it is still loading. @param {import("playwright-core").Page} page */
export async function settled(page) {
  await page.getByRole("main").waitFor();
  await page.waitForFunction(() => {
    const main = document.querySelector("main");
    return main && main.textContent?.trim() && !main.querySelector(".loading, .bone");
  });
}
