// A graph with axes: uPlot, loaded when the first one is shown.
//   <Graph label="CPU" times={seconds} lines={[{ label: "n1", values }]} format={(v) => `${v.toFixed(2)} cores`} />
import { useEffect, useRef, useState } from "preact/hooks";
import { Failed, Loading } from "./state";
import type { PlotHandle } from "./graph_plot";

export interface GraphLine {
  label: string;
  values: (number | null)[]; // as many as there are times
}
export interface GraphProps {
  label: string; // read out in its place
  times: number[]; // Unix seconds, rising
  lines: GraphLine[];
  format?: (value: number) => string;
  max?: number;
  height?: number; // px
}

export function Graph(props: GraphProps) {
  const place = useRef<HTMLDivElement>(null);
  const handle = useRef<PlotHandle | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const [state, set_state] = useState<unknown>("loading");
  const names = props.lines.map((line) => line.label).join("\n");

  useEffect(() => {
    let over = false;
    import("./graph_plot").then(
      ({ plot }) => {
        if (over || !place.current) return;
        handle.current = plot(place.current, latest.current);
        set_state("ready");
      },
      (error: unknown) => set_state(error),
    );
    return () => {
      over = true;
      handle.current?.end();
      handle.current = null;
    };
  }, [names]);
  useEffect(() => handle.current?.update(latest.current), [props.times, props.lines, props.max]);

  const failed = state !== "loading" && state !== "ready";
  return (
    <figure class="graph" style={{ minHeight: `${props.height ?? 160}px` }}>
      {state === "loading" && <Loading lines={2} />}
      {failed && <Failed error={state} />}
      <div ref={place} role="img" aria-label={props.label} />
    </figure>
  );
}
