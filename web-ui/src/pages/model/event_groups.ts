// Events, counted: how often each reason came, on which kinds, and which of them the page shows.
import type { EventFacts } from "./cells";

export interface Group {
  key: string; // the query that shows it
  reason: string;
  kind: string;
  type: string;
  count: number; // times seen
  objects: number;
  last: number;
}

// The most frequent warnings first, then what is normal.
export function groups_of(events: EventFacts[]): Group[] {
  const groups = new Map<string, Group & { seen: Set<string> }>();
  for (const event of events) {
    const key = `${event.type} ${event.reason} ${event.kind}`;
    const group = groups.get(key) ?? {
      key,
      reason: event.reason,
      kind: event.kind,
      type: event.type,
      count: 0,
      objects: 0,
      last: 0,
      seen: new Set<string>(),
    };
    group.count += event.count;
    group.seen.add(`${event.ns}/${event.name}`);
    group.objects = group.seen.size;
    group.last = Math.max(group.last, event.t);
    groups.set(key, group);
  }
  return [...groups.values()]
    .map(({ seen: _, ...group }) => group)
    .sort(
      (a, b) => Number(b.type === "Warning") - Number(a.type === "Warning") || b.count - a.count || b.last - a.last,
    );
}

// A word of the filter, put in or taken out.
export function toggle_word(typed: string, word: string): string | undefined {
  const words = typed.split(/\s+/).filter(Boolean);
  const rest = words.filter((one) => one.toLowerCase() !== word);
  return (rest.length === words.length ? [...words, word] : rest).join(" ") || undefined;
}
