// What the pod uses at this moment, beside what it asks for.
import { useUsage } from "../../live/collection";
import { Sparkline } from "../../ui/sparkline";
import { bytes_text, cores_text, quantity } from "../model/quantity";
import type { Pod } from "../model/types";
import { Part } from "../parts/parts";

const sum = (pod: Pod, which: "requests" | "limits", resource: string) =>
  (pod.spec?.containers ?? []).reduce((all, one) => all + quantity(one.resources?.[which]?.[resource]), 0);

export function PodUsage({ pod }: { pod: Pod }) {
  const node = pod.spec?.nodeName;
  return node && pod.status?.phase === "Running" ? <Live pod={pod} node={node} /> : null;
}

function Live({ pod, node }: { pod: Pod; node: string }) {
  const usage = useUsage("pods", node);
  usage.version.value;
  const series = usage.series.get(`${pod.metadata.namespace}/${pod.metadata.name}`);
  if (!series || series.last.cpu === undefined) return null; // its node has not answered yet
  const cpu = { now: series.last.cpu, asks: sum(pod, "requests", "cpu"), limit: sum(pod, "limits", "cpu") };
  const mem = { now: series.last.mem ?? 0, asks: sum(pod, "requests", "memory"), limit: sum(pod, "limits", "memory") };
  return (
    <Part title="Use">
      <div class="meters">
        <Meter label="CPU" text={cores_text} values={series.cpu} {...cpu} />
        <Meter label="Memory" text={bytes_text} values={series.mem} {...mem} />
      </div>
    </Part>
  );
}

interface MeterProps {
  label: string;
  text: (value: number) => string;
  values: number[];
  now: number;
  asks: number;
  limit: number;
}
function Meter({ label, text, values, now, asks, limit }: MeterProps) {
  const bounds = [asks && `asks for ${text(asks)}`, limit && `limit ${text(limit)}`].filter(Boolean).join(", ");
  return (
    <div class="meter">
      <div class="meter-head">
        <span>{label}</span>
        <b>{text(now)}</b>
      </div>
      <Sparkline values={values} max={limit || undefined} label={`${label} of the last minutes, now ${text(now)}`} />
      {bounds && <p class="muted">{bounds}</p>}
    </div>
  );
}
