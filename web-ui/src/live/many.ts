// Several queries as one collection: a row that two of them select is there once. Their order does not matter.
import { effect } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { acquire, Collection } from "./collection";
import type { Query } from "./protocol";

type Held = ReturnType<typeof acquire>[];
const release_all = (held: Held): void => held.forEach(({ release }) => release());

export function useMany(queries: Query[]): Collection {
  const key = queries
    .map((query) => JSON.stringify(query))
    .sort()
    .join("\n");
  const merged = useMemo(() => new Collection(), [key]);
  const held = useRef<Held>([]);
  useLayoutEffect(() => {
    const before = held.current;
    const now = (held.current = queries.map((query) => acquire(query)));
    release_all(before); // after the new ones: what is in both goes on
    return effect(() => {
      for (const { collection } of now) collection.version.value;
      merged.join(now.map(({ collection }) => collection));
    });
  }, [key]);
  useEffect(() => () => release_all(held.current), []);
  return merged;
}
