// Which lines of a long log are on the screen, and where. The scrolled height is ROW_PX a line, whatever its real height:
// lines that wrap are taller. So what is shown hangs on an anchor, a place in the lines that stands at a height of the
// view; it moves with the scroll, and stays where it is when lines come or go elsewhere. Pure.

export const ROW_PX = 20; // the height of a line that does not wrap
export const SMALL = 150; // so few lines are all laid out when they wrap: the browser knows their heights
export const SHOWN_CHARS = 2000; // of a line: one row must not be a megabyte

export interface Anchor {
  at: number; // lines from the beginning, with a fraction
  y: number; // px below the top of the view
}

export interface View {
  top: number; // scrolled, px
  height: number;
  full: number; // the scrolled height, px
}

export const END = (length: number, height: number): Anchor => ({ at: length, y: height });

// The same part of the lines as of the scroll: the beginning at the top, the end at the bottom.
export function anchor_of(length: number, { top, height, full }: View): Anchor {
  const part = full > height ? Math.min(1, Math.max(0, top / (full - height))) : 0;
  return { at: part * length, y: part * height };
}

// After the user scrolled by `delta` px. Far, or to an end: by the part; else by as many lines, so that nothing jumps.
export function scrolled(anchor: Anchor, delta: number, length: number, view: View): Anchor {
  const ends = view.top <= 0 || at_end(view);
  if (ends || Math.abs(delta) > 2 * view.height) return anchor_of(length, view);
  return { at: Math.min(length, Math.max(0, anchor.at + delta / ROW_PX)), y: anchor.y };
}

export const at_end = ({ top, height, full }: View): boolean => top + height >= full - ROW_PX / 2;

export interface Rows {
  from: number;
  to: number;
}
// No more than fit when none wraps.
export function rows_around({ at, y }: Anchor, length: number, height: number): Rows {
  const line = Math.floor(at);
  const above = Math.ceil(Math.max(0, y) / ROW_PX) + 1;
  const below = Math.ceil(Math.max(0, height - y) / ROW_PX + (at - line));
  return { from: Math.max(0, line - above), to: Math.min(length, line + below) };
}

// Where the block of rows begins, in px of the view. `before`: the height of the rows above the anchor's line; `own`: of
// that line. The beginning never hangs below the top, the end not above the bottom.
export function block_top(
  { at, y }: Anchor,
  rows: Rows,
  length: number,
  height: number,
  px: { before: number; own: number; all: number },
): number {
  const top = y - px.before - (at - Math.floor(at)) * px.own;
  const low = rows.to === length ? Math.max(top, height - px.all) : top;
  return rows.from === 0 ? Math.min(low, 0) : low;
}
