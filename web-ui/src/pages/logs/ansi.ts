// The colours that programs write into their logs: SGR sequences ("\x1b[31m") become spans, every other escape and
// control character is dropped. Colours are the 16 of the theme, each readable on its background; of the 256 and the
// true ones the nearest is taken, and backgrounds are left out for the same reason. Pure.

export interface Span {
  text: string;
  cls: string; // "c1" … "c15", "bold", "italic", "underline"; "" plain
}

interface Style {
  colour: number; // -1: the text's own
  bold: boolean;
  italic: boolean;
  underline: boolean;
}
const plain = (): Style => ({ colour: -1, bold: false, italic: false, underline: false });

// CSI, OSC and other strings (ended by BEL or ST, or by the line), two-character escapes, lone control characters.
const ESCAPE =
  /\x1b\[([0-9:;<=>?]*)[ -/]*([@-~]?)|\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const HAS_ESCAPE = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

export function parse_ansi(line: string): Span[] {
  if (!HAS_ESCAPE.test(line)) return line ? [{ text: line, cls: "" }] : [];
  const text = after_returns(line);
  const out: Span[] = [];
  let style = plain();
  let from = 0;
  ESCAPE.lastIndex = 0;
  for (let found = ESCAPE.exec(text); found; found = ESCAPE.exec(text)) {
    push(out, text.slice(from, found.index), style);
    from = ESCAPE.lastIndex;
    if (found[2] === "m") style = apply(style, found[1]!);
  }
  push(out, text.slice(from), style);
  return out;
}

export const strip_ansi = (line: string): string =>
  HAS_ESCAPE.test(line) ? after_returns(line).replace(ESCAPE, "") : line;

// A carriage return writes over the line: what is seen is what was written last.
function after_returns(line: string): string {
  const whole = line.endsWith("\r") ? line.slice(0, -1) : line;
  return whole.slice(whole.lastIndexOf("\r") + 1);
}

function push(out: Span[], text: string, style: Style): void {
  if (!text) return;
  const cls = class_of(style);
  const last = out[out.length - 1];
  if (last && last.cls === cls) last.text += text;
  else out.push({ text, cls });
}

function class_of({ colour, bold, italic, underline }: Style): string {
  const words = [colour >= 0 && `c${colour}`, bold && "bold", italic && "italic", underline && "underline"];
  return words.filter(Boolean).join(" ");
}

function apply(before: Style, parameters: string): Style {
  const style = { ...before };
  const codes = parameters.split(/[;:]/).map((code) => Number(code || 0));
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!;
    if (code === 0) Object.assign(style, plain());
    else if (code === 1) style.bold = true;
    else if (code === 3) style.italic = true;
    else if (code === 4) style.underline = true;
    else if (code === 22) style.bold = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.underline = false;
    else if (code >= 30 && code <= 37) style.colour = code - 30;
    else if (code >= 90 && code <= 97) style.colour = code - 82;
    else if (code === 39) style.colour = -1;
    else if (code === 38 || code === 48) {
      const { colour, used } = extended(codes.slice(i + 1));
      if (code === 38) style.colour = colour;
      i += used;
    }
  }
  return style;
}

function extended(codes: number[]): { colour: number; used: number } {
  if (codes[0] === 5) return { colour: of_256(codes[1] ?? 0), used: 2 };
  if (codes[0] === 2) return { colour: nearest(codes[1] ?? 0, codes[2] ?? 0, codes[3] ?? 0), used: 4 };
  return { colour: -1, used: 1 };
}

function of_256(n: number): number {
  if (n < 16) return n;
  if (n >= 232) return nearest(...(Array(3).fill((n - 232) * 10 + 8) as [number, number, number]));
  const level = (part: number) => (part ? part * 40 + 55 : 0);
  const cube = n - 16;
  return nearest(level(Math.floor(cube / 36)), level(Math.floor(cube / 6) % 6), level(cube % 6));
}

// By hue: which channels are near the strongest one. Bright from two thirds on.
function nearest(r: number, g: number, b: number): number {
  const most = Math.max(r, g, b);
  if (most - Math.min(r, g, b) < 40) return most > 200 ? 15 : most > 120 ? 7 : most > 60 ? 8 : 0;
  const bits = [r, g, b].reduce((sum, part, i) => sum | (part > most * 0.6 ? 1 << i : 0), 0);
  return bits + (most > 170 ? 8 : 0);
}
