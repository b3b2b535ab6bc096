// A line without axes, as wide as its place: <Sparkline values={series.cpu} max={cores} label="CPU of n1" />.
// The label is read out together with the last value.
const WIDTH = 100;
const HEIGHT = 24;

export function spark_path(values: number[], max: number): string {
  const step = WIDTH / Math.max(values.length - 1, 1);
  const y = (value: number) => HEIGHT - 1 - (Math.min(Math.max(value / max, 0), 1) || 0) * (HEIGHT - 2);
  return values.map((value, i) => `${i ? "L" : "M"}${(i * step).toFixed(1)} ${y(value).toFixed(1)}`).join("");
}

export function Sparkline({ values, max, label }: { values: number[]; max?: number; label: string }) {
  const top = max ?? Math.max(...values, 1e-9) * 1.15;
  const line = values.length > 1 ? spark_path(values, top) : "";
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
      {line && <path class="area" d={`${line}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} />}
      {line && <path class="line" d={line} />}
    </svg>
  );
}
