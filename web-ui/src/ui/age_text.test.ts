import { expect, test } from "vitest";
import { age_text } from "./age_text";

const M = 60;
const H = 60 * M;
const D = 24 * H;

test.each([
  [0, "0s"],
  [-5, "0s"],
  [59.9, "59s"],
  [119, "119s"],
  [2 * M, "2m"],
  [3 * M + 12, "3m12s"],
  [10 * M, "10m"],
  [179 * M, "179m"],
  [3 * H, "3h"],
  [3 * H + 5 * M, "3h5m"],
  [8 * H + 5 * M, "8h"],
  [47 * H, "47h"],
  [2 * D + 4 * H, "2d4h"],
  [12 * D + 4 * H, "12d"],
  [2 * 365 * D, "2y"],
  [3 * 365 * D + 12 * D, "3y12d"],
  [9 * 365 * D + 12 * D, "9y"],
  [NaN, "<unknown>"],
])("an age of %d seconds is %s, as kubectl writes it", (seconds, text) => expect(age_text(seconds)).toBe(text));
