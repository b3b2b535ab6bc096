// Where a pod is, whose it is, and what else is known of it.
import { Age } from "../../ui/age";
import { Copy } from "../../ui/copy";
import { ObjectLink } from "../../ui/link";
import { toleration_text, volume_text } from "../model/env";
import { seconds_of, type Pod } from "../model/types";
import { OwnerChain } from "../parts/owners";
import { Facts, Labels } from "../parts/parts";

export function PodFacts({ pod }: { pod: Pod }) {
  const { metadata, spec, status } = pod;
  const account = spec?.serviceAccountName;
  return (
    <Facts
      items={[
        ["Phase", [status?.phase, status?.reason].filter(Boolean).join(", ")],
        ["Node", spec?.nodeName ? <ObjectLink kind="nodes" name={spec.nodeName} /> : "not bound yet"],
        ["Address", status?.podIP && <Address ip={status.podIP} />],
        ["Made by", <OwnerChain object={pod} one="pod" />],
        ["Age", <Age t={seconds_of(metadata.creationTimestamp)} />],
        ["Service account", account && <ObjectLink kind="serviceaccounts" ns={metadata.namespace} name={account} />],
        ["Quality of service", status?.qosClass],
        ["Restart policy", spec?.restartPolicy],
        ["Network", spec?.hostNetwork ? "its node's own" : ""],
        [
          "Grace on delete",
          spec?.terminationGracePeriodSeconds !== undefined && `${spec.terminationGracePeriodSeconds} s`,
        ],
        ["Labels", <Labels labels={metadata.labels} page={["pods"]} />],
      ]}
    />
  );
}

const Address = ({ ip }: { ip: string }) => (
  <>
    <code>{ip}</code> <Copy text={ip} label="Copy the address" />
  </>
);

export function PodPlacement({ pod }: { pod: Pod }) {
  const tolerations = pod.spec?.tolerations ?? [];
  const volumes = (pod.spec?.volumes ?? []).map(volume_text);
  return (
    <Facts
      items={[
        ["Node selector", pod.spec?.nodeSelector && <Labels labels={pod.spec.nodeSelector} />],
        ["Tolerates", tolerations.length > 0 && <Lines texts={tolerations.map(toleration_text)} />],
        [
          "Volumes",
          volumes.length > 0 && (
            <ul class="lines">
              {volumes.map((one) => (
                <li key={one.name}>
                  <bdi>{one.name}</bdi>: {one.what}{" "}
                  {one.ref && <ObjectLink kind={one.ref.kind} ns={pod.metadata.namespace} name={one.ref.name} />}
                </li>
              ))}
            </ul>
          ),
        ],
      ]}
    />
  );
}

const Lines = ({ texts }: { texts: string[] }) => (
  <ul class="lines">
    {texts.map((text, index) => (
      <li key={index}>
        <bdi>{text}</bdi>
      </li>
    ))}
  </ul>
);
