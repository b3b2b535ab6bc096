// Which lines of a long log are on the screen. The scrolled height is one row a line, whatever its real height: lines
// that wrap are taller, and scrolling goes by lines then. Pure.

export const ROW_PX = 20; // the height of a line that does not wrap

export interface Window {
  from: number;
  to: number;
}

// Following: the last lines, laid out from the bottom. Else from the line at the top on.
export function window_of(length: number, follow: boolean, scroll_top: number, height: number): Window {
  const fits = Math.ceil(height / ROW_PX) + 1;
  if (follow || length <= fits - 1) return { from: Math.max(0, length - fits), to: length };
  const from = Math.min(Math.floor(scroll_top / ROW_PX), Math.max(0, length - 1));
  return { from, to: Math.min(length, from + fits) };
}

// Whether the view is at its end: then it follows.
export const at_end = (scroll_top: number, height: number, scroll_height: number): boolean =>
  scroll_top + height >= scroll_height - ROW_PX / 2;

// What is cut off a line, so that one row cannot be a megabyte.
export const SHOWN_CHARS = 2000;
