// Several queries as one collection: a row that two of them select is there once.
import { effect } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { acquire, Collection } from "./collection";
import type { Query } from "./protocol";

export function useMany(queries: Query[]): Collection {
  const key = JSON.stringify(queries);
  const merged = useMemo(() => new Collection(), [key]);
  useEffect(() => {
    const held = queries.map((query) => acquire(query));
    const end = effect(() => {
      for (const { collection } of held) collection.version.value;
      merged.join(held.map(({ collection }) => collection));
    });
    return () => {
      end();
      for (const { release } of held) release();
    };
  }, [key]);
  return merged;
}
