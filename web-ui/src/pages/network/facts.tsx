// What a service is: its type, address, selector.
import { href } from "../../router";
import { Age } from "../../ui/age";
import { Copy } from "../../ui/copy";
import { seconds_of, type Obj } from "../model/types";
import { OwnerChain } from "../parts/owners";
import { Facts, Labels, Part } from "../parts/parts";

const TYPES: Record<string, string> = {
  ClusterIP: "ClusterIP: reachable inside the cluster",
  NodePort: "NodePort: reachable at every node",
  LoadBalancer: "LoadBalancer: reachable from outside",
  ExternalName: "ExternalName: another name",
};

export function ServiceFacts({ object, pods }: { object: Obj; pods: number }) {
  const { metadata, spec } = object;
  const selector = spec?.selector as Record<string, string> | undefined;
  const ip = spec?.clusterIP as string | undefined;
  const query = Object.entries(selector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
  return (
    <Part title="Facts">
      <Facts
        items={[
          ["Type", TYPES[spec?.type] ?? spec?.type ?? ""],
          [
            "Cluster address",
            ip && (
              <>
                <code>{ip === "None" ? "none: its name leads to the pods themselves" : ip}</code>{" "}
                {ip !== "None" && <Copy text={ip} label="Copy the address" />}
              </>
            ),
          ],
          ["Leads to the name", spec?.externalName],
          ["Age", <Age t={seconds_of(metadata.creationTimestamp)} />],
          ["Session affinity", spec?.sessionAffinity === "ClientIP" ? "each client stays with its pod" : ""],
          ["Selector", selector ? <Labels labels={selector} page={["pods"]} /> : "none: endpoints are made by hand"],
          ["Pods it selects", selector && <a href={href("pods", [], { ns: metadata.namespace, q: query })}>{pods}</a>],
          ["Made by", metadata.ownerReferences?.length && <OwnerChain object={object} one="service" />],
          ["Labels", metadata.labels && <Labels labels={metadata.labels} page={["network"]} />],
        ]}
      />
    </Part>
  );
}
