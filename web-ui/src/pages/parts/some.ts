// Part of a collection, as a collection: the rows that pass a test. The test must be the same function every time.
import { effect } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { Collection } from "../../live/collection";
import type { Row } from "../../live/protocol";

export function useSome(all: Collection, passes: (row: Row) => boolean): Collection {
  const [part, filtered] = useMemo(() => [new Collection(), new Collection()] as const, [all, passes]);
  useEffect(
    () =>
      effect(() => {
        all.version.value;
        filtered.rows = new Map([...all.rows].filter(([, row]) => passes(row)));
        Object.assign(filtered, { columns: all.columns, synced: all.synced, stale: all.stale, error: all.error });
        part.join([filtered]);
      }),
    [all, part],
  );
  return part;
}
