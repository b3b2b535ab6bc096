// What pages read: one object, kept up; one row; several subscriptions as one collection.
import { useEffect, useRef, useState } from "preact/hooks";
import { request } from "../../api/request";
import { useCollection } from "../../live/collection";
import type { Row } from "../../live/protocol";

export interface Fetched<T> {
  object: T | null;
  error: Error | null;
  reload: () => void;
}

const AGAIN_MS = 500; // an object that changes all the time is fetched twice a second

// GET path, and again when `stamp` is another: its row of the stream. The last answer stays while the next is awaited.
export function useObject<T>(path: string | null, stamp?: unknown, accept?: string): Fetched<T> {
  const [state, set_state] = useState<{ path: string | null; object: T | null; error: Error | null }>(NOTHING);
  const [count, set_count] = useState(0);
  const asked = useRef({ path: "", at: -AGAIN_MS, number: 0 });
  useEffect(() => {
    if (!path) return;
    const last = asked.current;
    const wait = last.path === path ? Math.max(0, last.at + AGAIN_MS - performance.now()) : 0;
    const timer = setTimeout(() => {
      const number = last.number + 1;
      Object.assign(last, { path, at: performance.now(), number });
      const put = (object: T | null, error: Error | null) => {
        if (asked.current.number !== number) return; // a younger question is under way
        set_state((before) => ({ path, object: object ?? (before.path === path ? before.object : null), error }));
      };
      request<T>("GET", path, { accept }).then(
        (object) => put(object, null),
        (error: Error) => put(null, error),
      );
    }, wait);
    return () => clearTimeout(timer);
  }, [path, stamp, count]);
  useEffect(() => () => void (asked.current.number = -1), []);
  const mine = state.path === path;
  return { object: mine ? state.object : null, error: mine ? state.error : null, reload: () => set_count(count + 1) };
}
const NOTHING = { path: null, object: null, error: null };

// The row of one object; `gone`: it was deleted, or never was.
export function useRow(kind: string, group: string, ns: string | undefined, name: string) {
  const found = useCollection({ kind, group: group || undefined, ns: ns || undefined, name });
  found.version.value;
  const row: Row | undefined = found.rows.values().next().value;
  return { row, columns: found.columns, gone: found.synced && !row, error: found.error };
}
