// How many pods there are, without fetching them: one object, and how many remain behind it. Asked again when something
// happened, every ASK_MS at most.
import { useEffect, useRef, useState } from "preact/hooks";
import { path_of, request } from "../../api/request";

const ASK_MS = 3000;
const METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

async function count(ns: string): Promise<number | null> {
  const path = path_of({ kind: "pods", ns });
  const list = await request("GET", path, { accept: METADATA, query: { limit: 1 } }).catch(() => null);
  return list ? (list.items?.length ?? 0) + (list.metadata?.remainingItemCount ?? 0) : null; // null: not ours to see
}

export function usePodCount(ns: string, stamp: number): number | null {
  const [found, set_found] = useState<{ ns: string; pods: number | null }>({ ns, pods: null });
  const last = useRef(-ASK_MS);
  const wanted = useRef<string | null>(ns);
  wanted.current = ns;
  useEffect(() => () => void (wanted.current = null), []);
  useEffect(() => {
    const ask = () => {
      last.current = performance.now();
      void count(ns).then((pods) => wanted.current === ns && set_found({ ns, pods }));
    };
    const timer = setTimeout(ask, found.ns === ns ? Math.max(0, last.current + ASK_MS - performance.now()) : 0);
    return () => clearTimeout(timer);
  }, [ns, stamp]);
  return found.ns === ns ? found.pods : null;
}
