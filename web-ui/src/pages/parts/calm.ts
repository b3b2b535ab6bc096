// Paints what many changes come to a few times a second: a summary that changes faster cannot be read.
import type { Signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";

const CALM_MS = 250;

// Paints anew when one of the signals changes: at once, then every CALM_MS at most. Returns how often it did.
export function useCalm(versions: Signal<number>[]): number {
  const [count, set_count] = useState(0);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let last = 0;
    const paint = () => {
      timer = undefined;
      last = performance.now();
      set_count((before) => before + 1);
    };
    const changed = () => {
      timer ??= setTimeout(paint, Math.max(0, last + CALM_MS - performance.now()));
    };
    const ends = versions.map((version) => version.subscribe(changed));
    return () => {
      clearTimeout(timer);
      for (const end of ends) end();
    };
  }, versions);
  return count;
}
