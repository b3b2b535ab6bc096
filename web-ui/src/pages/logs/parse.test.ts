import { describe, expect, it } from "vitest";
import { LINE_CHARS_MAX, LineParser, parse_line, Resume } from "./parse";

const at = (second: number, fraction: string, text: string) =>
  `2026-11-21T20:00:${String(second).padStart(2, "0")}${fraction && "." + fraction}Z ${text}\n`;

describe("log parser", () => {
  it("finds lines across pieces, and a last one without an end", () => {
    const parser = new LineParser();
    expect(parser.push("2026-11-21T20:00:00.5Z he")).toEqual([]);
    expect(parser.push("llo\n2026-11-21T20:00:01Z two\n2026")).toEqual([
      { key: "2026-11-21T20:00:00.500000000Z", text: "hello" },
      { key: "2026-11-21T20:00:01.000000000Z", text: "two" },
    ]);
    expect(parser.end()).toEqual([{ key: "", text: "2026" }]);
  });
  it("orders times whatever their digits and zone", () => {
    const keys = ["20:00:00.1Z", "20:00:00.12Z", "20:00:00.100000001Z", "22:00:00.05+02:00"].map(
      (time) => parse_line(`2026-11-21T${time} x`).key,
    );
    expect([...keys].sort()).toEqual([keys[3], keys[0], keys[2], keys[1]]);
  });
  it("keeps empty lines and spaces, and takes what has no time as text", () => {
    expect(parse_line("2026-11-21T20:00:00Z   indented").text).toBe("  indented");
    expect(parse_line("2026-11-21T20:00:00Z ").text).toBe("");
    expect(parse_line("error: the node is gone")).toEqual({ key: "", text: "error: the node is gone" });
  });
  it("cuts a line without an end, and goes on after it", () => {
    const parser = new LineParser();
    const lines = [];
    for (let i = 0; i < 40; i++) lines.push(...parser.push("x".repeat(64 * 1024)));
    expect(lines).toHaveLength(1);
    expect(lines[0]!.text.length).toBeLessThan(LINE_CHARS_MAX + 20);
    expect(parser.push("rest\n" + at(5, "", "next"))).toEqual([
      { key: "2026-11-21T20:00:05.000000000Z", text: "next" },
    ]);
  });
});

describe("a log that is asked for again", () => {
  const feed = (resume: Resume, text: string) =>
    new LineParser()
      .push(text)
      .filter((line) => resume.keep(line))
      .map((line) => line.text);
  it("has each line once, also of one moment", () => {
    const resume = new Resume();
    expect(resume.begin_again()).toBeUndefined();
    expect(feed(resume, at(1, "", "a") + at(2, "5", "b") + at(2, "5", "c"))).toEqual(["a", "b", "c"]);
    expect(resume.begin_again()).toBe("2026-11-21T20:00:02.500000000Z");
    const again = at(2, "1", "old") + at(2, "5", "b") + at(2, "5", "c") + at(2, "5", "d") + at(3, "", "e");
    expect(feed(resume, again)).toEqual(["d", "e"]);
  });
  it("survives a second break before anything new came", () => {
    const resume = new Resume();
    feed(resume, at(1, "", "a") + at(1, "", "b"));
    resume.begin_again();
    expect(feed(resume, at(1, "", "a"))).toEqual([]);
    resume.begin_again();
    expect(feed(resume, at(1, "", "a") + at(1, "", "b") + at(1, "", "c"))).toEqual(["c"]);
  });
});
