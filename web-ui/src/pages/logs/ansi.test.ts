import { describe, expect, it } from "vitest";
import { parse_ansi, strip_ansi } from "./ansi";
import { level_of } from "./level";
import { filter_of, line_text, options_of, short_names, since_seconds } from "./options";
import { containers_of } from "./session";

describe("ansi", () => {
  it("makes spans of colours and forgets them at a reset", () => {
    expect(parse_ansi("a \x1b[1;31mred\x1b[0m b")).toEqual([
      { text: "a ", cls: "" },
      { text: "red", cls: "c1 bold" },
      { text: " b", cls: "" },
    ]);
  });
  it("knows bright, 256 and true colours, and leaves backgrounds out", () => {
    expect(parse_ansi("\x1b[92mx")).toEqual([{ text: "x", cls: "c10" }]);
    expect(parse_ansi("\x1b[38;5;196mx")).toEqual([{ text: "x", cls: "c9" }]);
    expect(parse_ansi("\x1b[38;2;0;0;255mx")).toEqual([{ text: "x", cls: "c12" }]);
    expect(parse_ansi("\x1b[48;5;196;4mx")).toEqual([{ text: "x", cls: "underline" }]);
    expect(parse_ansi("\x1b[41mx")).toEqual([{ text: "x", cls: "" }]);
  });
  it("drops every other escape and control character", () => {
    const hostile = "\x1b]0;title\x07a\x1b[2J\x1b[10;10Hb\x1b]8;;http://x\x1b\\c\x00\x08\x9bd\x1b(Be\x1bPq\x1b\\f\x1b";
    expect(strip_ansi(hostile)).toBe("abcdef");
    expect(strip_ansi("\x1b]52;c;ZXZpbA== no end")).toBe("");
  });
  it("shows of a line that was written over what came last", () => {
    expect(strip_ansi("10%\r50%\r100%\r")).toBe("100%");
  });
  it("leaves text alone, also markup", () => {
    expect(parse_ansi("<script>alert(1)</script>")).toEqual([{ text: "<script>alert(1)</script>", cls: "" }]);
    expect(parse_ansi("")).toEqual([]);
  });
  it("takes a megabyte of escapes in no time", () => {
    const began = performance.now();
    expect(strip_ansi("\x1b[".repeat(500_000)).length).toBeLessThan(500_001);
    expect(performance.now() - began).toBeLessThan(2000);
  });
});

describe("level", () => {
  it.each([
    ["E1121 20:00:00.0 1 main.go:1] no", "error"],
    ["W1121 20:00:00.0 1 main.go:1] hm", "warn"],
    ["I1121 20:00:00.0 1 main.go:1] ERROR was fixed", ""],
    ['{"level":"error","msg":"x"}', "error"],
    ["time=1 level=warning msg=x", "warn"],
    ["[debug] x", "debug"],
    ["\x1b[33mWARN\x1b[0m x", "warn"],
    ["2026-11-21 ERROR x", "error"],
    ["GET /errors 200", ""],
    ["no errors found", ""],
  ])("%s", (text, level) => expect(level_of(text)).toBe(level));
});

describe("options", () => {
  it("are what the URL says, and nothing that cannot be", () => {
    expect(options_of({ since: "10m", q: "x", re: "1", wrap: "0" })).toMatchObject({
      since: "10m",
      regex: true,
      wrap: false,
    });
    expect(options_of({ since: "soon" })).toMatchObject({ since: "", wrap: true, previous: false });
    expect(since_seconds("2h")).toBe(7200);
  });
  it("filter by words or expressions, under the colours; a wrong expression says so", () => {
    const line = { id: 1, key: "", source: 0, text: "Con\x1b[31mnec\x1b[0mtion refused" };
    expect(filter_of("connection", false).test!(line)).toBe(true);
    expect(filter_of("^conn.*refused$", true).test!(line)).toBe(true);
    expect(filter_of("(", true)).toMatchObject({ test: null, error: expect.any(String) });
    expect(filter_of("", true).test).toBeNull();
  });
  it("tell pods of one workload apart", () => {
    expect(short_names(["web-5d9c-abcde", "web-5d9c-fghij"])).toEqual(["abcde", "fghij"]);
    expect(short_names(["web-5d9c-abcde", "web-77aa-fghij"])).toEqual(["5d9c-abcde", "77aa-fghij"]);
    expect(short_names(["web"])).toEqual(["web"]);
  });
  it("write a line as a file has it", () => {
    const line = { id: 1, key: "2026-11-21T20:00:00.000000000Z", source: 0, text: "\x1b[31mx" };
    expect(line_text(line, true, "web")).toBe("web 2026-11-21T20:00:00.000000000Z x\n");
    expect(line_text(line, false, undefined)).toBe("x\n");
  });
  it("show all containers but those of the beginning, unless one is named", () => {
    const row = { u: "u", n: "p", t: 0, c: [], x: { containers: ["a", "b"], init: ["i"] } };
    expect(containers_of(row, {})).toEqual(["a", "b"]);
    expect(containers_of(row, { container: "i" })).toEqual(["i"]);
    expect(containers_of(row, { container: "z" })).toEqual([]);
  });
});
