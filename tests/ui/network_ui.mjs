// Services and network (2.7): from a service to its endpoints to their pods and nodes.
import { list, name_of, ns_of } from "./lib/objects.mjs";
import { fixture, test } from "./lib/test.mjs";
import { at, eventually, shown } from "./lib/wait.mjs";

fixture("--pods", "200");

async function a_service(t) {
  const [services, slices] = await Promise.all([
    list(t, "/api/v1/services"),
    list(t, "/apis/discovery.k8s.io/v1/endpointslices"),
  ]);
  for (const s of services) {
    const slice = slices.find(
      (one) =>
        one.metadata.labels?.["kubernetes.io/service-name"] === name_of(s) &&
        ns_of(one) === ns_of(s) &&
        (one.endpoints?.length ?? 0) > 1,
    );
    if (slice) return { service: s, slice };
  }
  throw new Error("the fixture has no service with endpoints");
}

test("the list leads from a service to its endpoints, a pod and its node", async (t) => {
  const { service, slice } = await a_service(t);
  const page = await t.open(`/ui/network?q=${name_of(service)}`);
  await page
    .getByRole("grid", { name: "Services" })
    .getByRole("link", { name: name_of(service), exact: true })
    .first()
    .click();
  await at(page, new RegExp(`^/ui/network/[^/]+/${name_of(service)}`));
  const table = page.getByRole("table", { name: "Endpoints" });
  const pod = slice.endpoints[0].targetRef.name;
  await shown(table.getByText(slice.endpoints[0].addresses[0], { exact: true }));
  await shown(table.getByRole("link", { name: slice.endpoints[0].nodeName }));
  await table.getByRole("link", { name: pod, exact: true }).click();
  await at(page, new RegExp(`^/ui/pods/${ns_of(service)}/${pod}`));
});

test("the picture shows service, slices, pods and nodes, and leads to each", async (t) => {
  const { service, slice } = await a_service(t);
  const page = await t.open(`/ui/network/${ns_of(service)}/${name_of(service)}`);
  const picture = page.getByRole("region", { name: "Picture: service, slices, pods, nodes" });
  await eventually("boxes", async () => (await picture.locator("g.box").count()) >= 3);
  await picture.getByRole("link", { name: new RegExp(slice.endpoints[0].targetRef.name) }).click();
  await at(page, /^\/ui\/pods\//);
});

test("ports say where they can be reached from", async (t) => {
  const { service } = await a_service(t);
  const page = await t.open(`/ui/network/${ns_of(service)}/${name_of(service)}`);
  const port = service.spec.ports[0].port;
  await shown(
    page
      .getByRole("table", { name: "Ports" })
      .getByText(`${name_of(service)}.${ns_of(service)}:${port}`, { exact: true }),
  );
});

test("an endpoint that is not ready any more is said, live", async (t) => {
  const { service, slice } = await a_service(t);
  const page = await t.open(`/ui/network/${ns_of(service)}/${name_of(service)}`);
  const total = slice.endpoints.length;
  await shown(page.getByText(new RegExp(`^\\d+ of ${total} ready$`)));
  const endpoints = slice.endpoints.map((e) => ({ ...e, conditions: { ...e.conditions, ready: false } }));
  await t.api(
    "PATCH",
    `/apis/discovery.k8s.io/v1/namespaces/${ns_of(slice)}/endpointslices/${name_of(slice)}`,
    { endpoints },
    "application/merge-patch+json",
  );
  await shown(page.getByText(`0 of ${total} ready`, { exact: true }));
  await shown(page.getByRole("region", { name: "Why it leads nowhere" }));
});
