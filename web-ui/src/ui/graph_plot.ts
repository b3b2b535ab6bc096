// The part of graph.tsx that needs uPlot: a chunk of its own.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { GraphProps } from "./graph";

export interface PlotHandle {
  update: (props: GraphProps) => void;
  end: () => void;
}

const COLOURS = ["--accent", "--graph-2", "--graph-3", "--graph-4", "--graph-5"];

function options(place: HTMLElement, props: GraphProps): uPlot.Options {
  const style = getComputedStyle(place);
  const colour = (name: string) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    place.append(probe);
    const found = getComputedStyle(probe).color; // light-dark() resolved
    probe.remove();
    return found;
  };
  const text = colour("--text-2");
  const axis = { stroke: text, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const format = props.format ?? String;
  return {
    width: Math.max(place.clientWidth, 120),
    height: props.height ?? 160,
    padding: [8, 8, 0, 0],
    legend: { show: props.lines.length > 1, live: false },
    cursor: { y: false, drag: { x: false, y: false }, sync: { key: "graphs" } },
    scales: {
      y: { range: (_, low, high) => [Math.min(low ?? 0, 0), props.max ?? Math.max((high ?? 0) * 1.15, 1e-9)] },
    },
    axes: [
      { ...axis, font: `11px ${style.fontFamily}` },
      { ...axis, font: `11px ${style.fontFamily}`, size: 64, values: (_, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...props.lines.map((line, i) => ({
        label: line.label,
        stroke: colour(COLOURS[i % COLOURS.length]!),
        width: 1.5,
        points: { show: false },
        value: (_: uPlot, value: number | null) => (value === null ? "–" : format(value)),
      })),
    ],
  };
}

const data_of = (props: GraphProps) => [props.times, ...props.lines.map((line) => line.values)] as uPlot.AlignedData;

export function plot(place: HTMLElement, props: GraphProps): PlotHandle {
  let latest = props;
  let made = new uPlot(options(place, props), data_of(props), place);
  const remake = () => {
    made.destroy();
    made = new uPlot(options(place, latest), data_of(latest), place);
  };
  const resized = new ResizeObserver(() => made.setSize({ width: place.clientWidth, height: latest.height ?? 160 }));
  resized.observe(place);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", remake);
  document.addEventListener("themechange", remake);
  return {
    update: (next) => {
      latest = next;
      made.setData(data_of(next));
    },
    end: () => {
      resized.disconnect();
      dark.removeEventListener("change", remake);
      document.removeEventListener("themechange", remake);
      made.destroy();
    },
  };
}
