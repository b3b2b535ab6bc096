// A row that comes again is mostly what it was. Strings are shared by the JSON parser only within a frame, where neighbours
// have the same owner and namespace; thousands of rows that came again one by one would each hold a copy of everything.
import type { Row } from "./protocol";

type Record_ = Record<string, any>;

// What is equal in `row` is from then on what stands in `before`. Returns `row`.
export function share(before: Row | undefined, row: Row): Row {
  if (before) share_parts(before as Record_, row as Record_, 0);
  return row;
}

const DEPTH_MAX = 4; // rows are no deeper: {x: {list: [{…}]}}

function share_parts(before: Record_, now: Record_, depth: number): boolean {
  let equal = true;
  let count = 0;
  for (const key in now) {
    count++;
    const [was, is] = [before[key], now[key]];
    if (was === is) {
      if (typeof is === "string") now[key] = was; // equal, and another copy
    } else if (depth < DEPTH_MAX && same_form(was, is) && share_parts(was, is, depth + 1)) {
      now[key] = was;
    } else {
      equal = false;
    }
  }
  return equal && count === Object.keys(before).length;
}

const same_form = (a: unknown, b: unknown): boolean =>
  typeof a === "object" && typeof b === "object" && a !== null && b !== null && Array.isArray(a) === Array.isArray(b);
