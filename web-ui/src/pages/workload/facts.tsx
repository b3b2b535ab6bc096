// What a workload is made of: images, selector, strategy, owners, labels.
import { Age } from "../../ui/age";
import { Copy } from "../../ui/copy";
import { ports_text, resources_text } from "../model/container";
import { probes_text } from "../model/probe";
import { seconds_of, type Container, type Obj } from "../model/types";
import { OwnerChain } from "../parts/owners";
import { Facts, Labels, Part } from "../parts/parts";
import { KINDS } from "../../api/kinds";
import { strategy_text } from "../model/strategy";

export function WorkloadFacts({ kind, object }: { kind: string; object: Obj }) {
  const { metadata, spec } = object;
  return (
    <Part title="Facts">
      <Facts
        items={[
          ["Age", <Age t={seconds_of(metadata.creationTimestamp)} />],
          ["Made by", <OwnerChain object={object} one={KINDS[kind]?.one ?? "object"} />],
          ["Strategy", strategy_text(spec?.strategy)],
          ["Selector", <Labels labels={spec?.selector?.matchLabels} page={["pods"]} />],
          ["Labels", <Labels labels={metadata.labels} page={["workloads"]} />],
          ["Ready for", spec?.minReadySeconds ? `${spec.minReadySeconds} s before it counts as available` : ""],
          ["Deadline", spec?.progressDeadlineSeconds && `${spec.progressDeadlineSeconds} s for a rollout to get on`],
        ]}
      />
    </Part>
  );
}

export function TemplatePart({ object }: { object: Obj }) {
  const spec = object.spec?.template?.spec;
  const containers: [Container, string][] = [
    ...(spec?.initContainers ?? []).map((one: Container) => [one, "init container"]),
    ...(spec?.containers ?? []).map((one: Container) => [one, "container"]),
  ];
  return (
    <Part title="Template">
      {containers.map(([one, role]) => (
        <section class="container-facts" key={one.name} aria-label={`${role} ${one.name}`}>
          <h3>
            <bdi>{one.name}</bdi> {role !== "container" && <span class="muted">{role}</span>}
          </h3>
          <Facts
            lines
            items={[
              [
                "Image",
                <>
                  <code>
                    <bdi>{one.image}</bdi>
                  </code>{" "}
                  <Copy text={one.image ?? ""} label={`Copy the image of ${one.name}`} />
                </>,
              ],
              ["Ports", ports_text(one)],
              ["Resources", resources_text(one)],
              ...probes_text(one),
            ]}
          />
        </section>
      ))}
    </Part>
  );
}
