// What a workload is made of: images, selector, strategy, owners, labels.
import { Age } from "../../ui/age";
import { Copy } from "../../ui/copy";
import { ports_text, resources_text } from "../model/container";
import { seconds_of, type Container, type Obj } from "../model/types";
import { OwnerChain } from "../parts/owners";
import { Facts, Labels, Part } from "../parts/parts";
import { KINDS } from "../../api/kinds";
import { strategy_text } from "../model/strategy";

export function WorkloadFacts({ kind, object }: { kind: string; object: Obj }) {
  const { metadata, spec } = object;
  const containers: Container[] = spec?.template?.spec?.containers ?? [];
  return (
    <>
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
      <Part title="Containers">
        {containers.map((one) => (
          <section class="container-facts" key={one.name} aria-label={`container ${one.name}`}>
            <h3>
              <bdi>{one.name}</bdi>
            </h3>
            <Facts
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
              ]}
            />
          </section>
        ))}
      </Part>
    </>
  );
}
