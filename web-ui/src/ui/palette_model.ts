// What the palette offers, and in which order. Pure.
import { fuzzy } from "./fuzzy";

export interface Offer {
  id: string;
  label: string;
  group: "Actions" | "Pages" | "Objects";
  hint?: string; // beside it, in grey: namespace, keys
  words?: string; // found by these too, but not marked
  run: () => void;
}

export interface Ranked {
  offer: Offer;
  at: number[];
  score: number;
}

export const SHOWN_MAX = 50; // nobody reads further: one types another letter
const BONUS = { Actions: 3, Pages: 6, Objects: 0 }; // of equal answers the page comes first

export function rank(typed: string, offers: Iterable<Offer>, most = SHOWN_MAX): Ranked[] {
  const wanted = typed.trim().toLowerCase();
  const found: Ranked[] = [];
  for (const offer of offers) {
    const own = fuzzy(wanted, offer.label.toLowerCase());
    const match = own ?? (offer.words ? fuzzy(wanted, `${offer.label} ${offer.words}`.toLowerCase()) : null);
    if (!match) continue;
    const at = own ? own.at : [];
    found.push({ offer, at, score: match.score + BONUS[offer.group] - (own ? 0 : 4) });
  }
  if (wanted) found.sort((a, b) => b.score - a.score);
  return found.slice(0, most);
}

// The label in pieces, those that answer the typed letters marked.
export function pieces(label: string, at: number[]): { text: string; marked: boolean }[] {
  const marks = new Set(at);
  const out: { text: string; marked: boolean }[] = [];
  Array.from({ length: label.length }, (_, i) => {
    const marked = marks.has(i);
    const last = out.at(-1);
    if (last && last.marked === marked) last.text += label[i];
    else out.push({ text: label[i]!, marked });
  });
  return out;
}
