// The focus of a table's rows: it follows its object when rows move, goes on to the next when that is deleted, and
// keeps what it is on in sight. j, k, Enter and the keys of the row work from anywhere on a page that is one table, and in
// the rows of a table among others; the arrows in the rows.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import type { Row } from "../live/protocol";
import { useKeys, type KeyMap } from "./keys";
import type { View } from "./table_model";

const PAGE = 15; // rows of PageUp and PageDown

export interface RowFocusOptions {
  view: View;
  place: RefObject<HTMLElement>;
  height: number; // of a row, px
  open: (row: Row) => void;
  on_keys?: (row: Row) => KeyMap;
  alone: boolean; // the keys of the whole page are this table's
}

export interface RowFocus {
  index: number; // -1: none
  set: (uid: string) => void;
  to: (index: number) => void;
  on_key: (event: KeyboardEvent) => void;
}

// Where the row with this uid is now; near `hint` first.
function index_of(view: View, uid: string, hint: number): number {
  if (view.shown[hint]?.row.u === uid) return hint;
  return view.shown.findIndex((entry) => entry.row.u === uid);
}

export function useRowFocus(options: RowFocusOptions): RowFocus {
  const { view, place, height, open, on_keys, alone } = options;
  const [uid, set_uid] = useState("");
  const at = useRef(-1); // the last known place
  const inside = useRef(false); // the browser's focus is on a row
  const wanted = useRef(false); // and is to go to the new one

  let index = uid ? index_of(view, uid, at.current) : -1;
  if (uid && index < 0) index = Math.min(at.current, view.shown.length - 1); // it is gone: the next one
  at.current = index;
  const row = view.shown[index]?.row;

  const to = (next: number) => {
    const entry = view.shown[Math.min(Math.max(next, 0), view.shown.length - 1)];
    if (!entry) return;
    wanted.current = true;
    set_uid(entry.row.u);
    show(place.current, Math.max(next, 0), height);
  };

  useLayoutEffect(() => {
    const active = document.activeElement;
    const lost = inside.current && (active === document.body || active === null);
    if ((wanted.current || lost) && row)
      place.current?.querySelector<HTMLElement>(`[data-uid="${CSS.escape(row.u)}"]`)?.focus({ preventScroll: true });
    wanted.current = false;
    inside.current = !!document.activeElement && !!place.current?.contains(document.activeElement);
  });

  const move = (step: number) => () => to(index < 0 ? 0 : index + step);
  useKeys(
    {
      j: { run: move(1), label: "Next row" },
      k: { run: move(-1), label: "Previous row" },
      ...(row ? { Enter: { run: () => open(row), label: "Open" }, ...on_keys?.(row) } : {}),
    },
    { within: alone ? undefined : place, title: "Rows" },
  );
  const on_key = (event: KeyboardEvent) => {
    const target = event.target as HTMLElement;
    if (target.getAttribute("role") !== "row" || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = view.shown.length - 1;
    const goal = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      Home: 0,
      End: last,
      PageDown: Math.min(index + PAGE, last),
      PageUp: Math.max(index - PAGE, 0),
    }[event.key];
    if (goal !== undefined) to(goal);
    else if (event.key === "Enter" && row) open(row);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return { index, set: set_uid, to, on_key };
}

// Scrolls just as far as the row needs to be between the header and the edge.
function show(place: HTMLElement | null, index: number, height: number): void {
  if (!place) return;
  const top = place.getBoundingClientRect().top + index * height;
  const over = parseFloat(getComputedStyle(place).scrollMarginTop) || 0; // the sticky parts, from the style sheet
  const under = parseFloat(getComputedStyle(place).scrollMarginBottom) || 0;
  if (top < over) scrollBy(0, top - over);
  else if (top + height > innerHeight - under) scrollBy(0, top + height - innerHeight + under);
}
