// The replicas, as numbers and as a bar: how many are wanted, made, ready and available at this moment.
import type { Row } from "../../live/protocol";
import { replicas_of } from "../model/rollout";
import type { Obj } from "../model/types";

export function ReplicasCard({ row, object }: { row: Row; object: Obj }) {
  const { wanted, ready, available, updated } = replicas_of(row);
  const numbers: [string, number][] = [
    ["wanted", wanted],
    ["ready", ready],
    ["available", available],
  ];
  if (object.spec?.strategy) numbers.push(["of the newest revision", updated]);
  const share = (count: number) => `${wanted > 0 ? Math.min(100, (100 * count) / wanted) : 0}%`;
  return (
    <section class="replicas" aria-label="Replicas">
      <dl class="numbers">
        {numbers.map(([label, value]) => (
          <div key={label}>
            <dd>{value}</dd>
            <dt>{label}</dt>
          </div>
        ))}
      </dl>
      <div
        class="bar-replicas"
        role="img"
        aria-label={`${available} of ${wanted} replicas are available, ${ready} ready`}
      >
        <span class="bar-ready" style={{ width: share(ready) }} />
        <span class="bar-available" style={{ width: share(available) }} />
      </div>
    </section>
  );
}
