// Which rows of a long list are to be in the page: those on the screen and some around them. The document is what
// scrolls. ROWS_MAX bounds the DOM, whatever the screen.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import type { Entry, View } from "./table_model";

export const ROWS_MAX = 78;
const AROUND = 10; // rows kept above and below
const STEP = 4; // scrolling moves the window by so many at once

export interface RowWindow {
  first: number;
  end: number;
}

// Pure: `top` is where the list begins on the screen (negative: scrolled past), in px.
export function window_of(top: number, screen: number, row: number, count: number): RowWindow {
  const seen = Math.min(Math.ceil(screen / row) + 1, ROWS_MAX - STEP);
  const around = Math.min(AROUND, Math.floor((ROWS_MAX - STEP - seen) / 2));
  const at = Math.floor(-top / row / STEP) * STEP;
  const first = Math.max(0, Math.min(at - around, count - seen - around));
  return { first, end: Math.min(count, Math.max(at, 0) + seen + STEP + around) };
}

// `place`: the element that holds the rows.
export function useRowWindow(place: RefObject<HTMLElement>, row: number, count: number): RowWindow {
  const [top, set_top] = useState(0);
  useEffect(() => {
    let planned = 0;
    const read = () => {
      planned = 0;
      if (!place.current) return;
      const now = place.current.getBoundingClientRect().top;
      set_top(Math.round(now / row / STEP) * STEP * row); // only another window paints anew
    };
    const plan = () => (planned ||= requestAnimationFrame(read));
    read();
    addEventListener("scroll", plan, { passive: true });
    addEventListener("resize", plan);
    const moved = new ResizeObserver(plan);
    moved.observe(document.body);
    return () => {
      cancelAnimationFrame(planned);
      removeEventListener("scroll", plan);
      removeEventListener("resize", plan);
      moved.disconnect();
    };
  }, [row]);
  return window_of(top, innerHeight, row, count);
}

// Narrow screens show cards.
export function useCards(): boolean {
  const [narrow] = useState(() => matchMedia("(max-width: 639px)"));
  const [cards, set_cards] = useState(narrow.matches);
  useEffect(() => {
    const read = () => set_cards(narrow.matches);
    narrow.addEventListener("change", read);
    return () => narrow.removeEventListener("change", read);
  }, []);
  return cards;
}

// When rows come or go above what is on the screen, the page scrolls along: what one looks at stays where it is.
export function useAnchor(place: RefObject<HTMLElement>, view: View, height: number): void {
  const anchor = useRef<{ entry: Entry; index: number } | null>(null);
  useLayoutEffect(() => {
    if (!place.current) return;
    const top = place.current.getBoundingClientRect().top;
    const before = anchor.current;
    if (before && top < 0) {
      const now = view.shown[before.index] === before.entry ? before.index : view.shown.indexOf(before.entry);
      if (now >= 0 && now !== before.index) scrollBy(0, (now - before.index) * height);
    }
    const index = Math.max(0, Math.ceil(-place.current.getBoundingClientRect().top / height));
    const entry = view.shown[index];
    anchor.current = entry ? { entry, index } : null;
  });
}
