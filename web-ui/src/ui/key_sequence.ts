// Keys as texts, and which of them make a sequence. Pure: keys.ts listens.
//   "l"  "g o" (one after the other)  "ctrl-d"  "mod-k" (Ctrl, on a Mac Command)  "Enter"  "?"

export const SEQUENCE_MS = 1000; // between the keys of a sequence

export interface Press {
  key: string;
  ctrl: boolean;
  meta: boolean;
  alt: boolean;
}

export function press_text(press: Press): string {
  const key = press.key.length === 1 && (press.ctrl || press.meta) ? press.key.toLowerCase() : press.key;
  return (press.ctrl || press.meta ? "ctrl-" : "") + (press.alt ? "alt-" : "") + key;
}

const normal = (keys: string) => keys.replaceAll("mod-", "ctrl-");

export class Sequence {
  private before = "";
  private at = 0;

  // What this key means among `known`: the text of a known one, "" when it may be the beginning of one, or null.
  press(text: string, time: number, known: Iterable<string>): string | null {
    const begun = this.before && time - this.at <= SEQUENCE_MS ? `${this.before} ${text}` : null;
    let begins = false;
    let alone: string | null = null;
    this.before = "";
    for (const keys of known) {
      const wanted = normal(keys);
      if (begun !== null && wanted === begun) return keys;
      if (wanted === text) alone ??= keys;
      if (wanted.startsWith(`${text} `)) begins = true;
    }
    if (begins) {
      this.before = text;
      this.at = time;
      return "";
    }
    return alone;
  }
}
