// How well a text answers what was typed. Its letters must come in order; it counts for more where words begin, where
// they follow each other, and in short texts. Pure.

const FOLLOWS = 8;
const BEGINS_WORD = 6;
const BEGINS_TEXT = 10;
const SKIPPED_MAX = 6;

export interface Match {
  score: number;
  at: number[]; // the positions of the letters, for marking them
}

const is_break = (text: string, i: number) => i === 0 || /[^a-z0-9]/.test(text[i - 1]!);

// Both in lower case; blanks in `typed` part words that may come in any order.
export function fuzzy(typed: string, text: string): Match | null {
  const words = typed.split(/\s+/).filter(Boolean);
  const at: number[] = [];
  let score = 0;
  for (const word of words) {
    const found = match_word(word, text);
    if (!found) return null;
    score += found.score;
    at.push(...found.at);
  }
  return { score: score - text.length / 16, at: [...new Set(at)].sort((a, b) => a - b) };
}

function match_word(word: string, text: string): Match | null {
  return whole_match(word, text) ?? letters(word, text, true) ?? letters(word, text, false);
}

// `choosy`: prefers where words begin, and may so miss a match that is there.
function letters(word: string, text: string, choosy: boolean): Match | null {
  const at: number[] = [];
  let score = 0;
  let from = 0;
  for (const letter of word) {
    const last = at.at(-1);
    const i = choosy ? next_of(letter, text, from, last) : text.indexOf(letter, from);
    if (i < 0) return null;
    if (last !== undefined && i === last + 1) score += FOLLOWS;
    else if (is_break(text, i)) score += BEGINS_WORD;
    score -= Math.min(i - from, SKIPPED_MAX) / 2;
    at.push(i);
    from = i + 1;
  }
  return { score, at };
}

// The word as it stands, at the beginning of a word if that exists.
function whole_match(word: string, text: string): Match | null {
  let best = text.indexOf(word);
  if (best < 0) return null;
  for (let i = best; i >= 0; i = text.indexOf(word, i + 1))
    if (is_break(text, i)) {
      best = i;
      break;
    }
  const place = best === 0 ? BEGINS_TEXT : is_break(text, best) ? BEGINS_WORD : 0;
  const all = text.length === word.length ? BEGINS_TEXT : 0;
  return { score: word.length * FOLLOWS + place + all, at: Array.from(word, (_, i) => best + i) };
}

// The next place of a letter: beside the last one, else where a word begins, else the first.
function next_of(letter: string, text: string, from: number, last: number | undefined): number {
  if (last !== undefined && text[last + 1] === letter) return last + 1;
  const first = text.indexOf(letter, from);
  for (let i = first; i >= 0; i = text.indexOf(letter, i + 1)) if (is_break(text, i)) return i;
  return first;
}
