// While the pointer moves over the rows, their order is held, so that a click meets what it was meant for; a pointer
// that rests lets go.
import { useSignal, type Signal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

const REST_MS = 1200;

export function useHold(place: RefObject<HTMLElement>): Signal<boolean> {
  const held = useSignal(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let down = false;
    const rest = () => (held.value = down);
    const on = (event: PointerEvent) => {
      if (event.pointerType === "touch" || !place.current?.contains(event.target as Node)) return;
      down = event.buttons !== 0;
      held.value = true;
      clearTimeout(timer);
      timer = setTimeout(rest, REST_MS);
    };
    const up = (event: PointerEvent) => {
      down = false;
      if (!place.current?.contains(event.target as Node)) held.value = false;
    };
    for (const name of ["pointermove", "pointerdown"] as const) document.addEventListener(name, on, { passive: true });
    document.addEventListener("pointerup", up);
    document.addEventListener("pointerover", up);
    return () => {
      clearTimeout(timer);
      for (const name of ["pointermove", "pointerdown"] as const) document.removeEventListener(name, on);
      document.removeEventListener("pointerup", up);
      document.removeEventListener("pointerover", up);
    };
  }, []);
  return held;
}
