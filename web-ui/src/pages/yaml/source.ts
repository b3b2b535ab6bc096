// The object as YAML: as the server has it now, kept up while the page is open; and the way back.
import { useEffect, useRef, useState } from "preact/hooks";
import { find_plural } from "../../api/discovery";
import { path_of, send } from "../../api/request";
import { useCollection } from "../../live/collection";
import type { Row } from "../../live/protocol";
import { desired, revision_of, without_status } from "./scan";
import { merge } from "./merge";

const YAML = "application/yaml";
const AGAIN_MS = 500; // an object that changes all the time is fetched twice a second
const REBASES_MAX = 3; // of a write that loses against the cluster's own writes of the status

export const get_yaml = async (path: string, signal?: AbortSignal): Promise<string> =>
  (await send("GET", path, { accept: YAML, signal })).text();

// The server's answer: what is there now, or with `dry_run` what would be.
export async function put_yaml(path: string, text: string, dry_run: boolean): Promise<string> {
  const query = { fieldValidation: "Strict", dryRun: dry_run ? "All" : undefined };
  return (await send("PUT", path, { body: text, type: YAML, accept: YAML, query })).text();
}

// What was written meanwhile, when somebody did: null when only the cluster touched the status.
export class Conflict extends Error {
  constructor(readonly theirs: string) {
    super("Somebody changed the object meanwhile.");
  }
}

// Writes `mine`, which was made of `base`. A newer object that differs in its status alone is no conflict.
export async function write(path: string, base: string, mine: string, dry_run: boolean): Promise<string> {
  let text = mine;
  for (let round = 0; ; round++) {
    try {
      return await put_yaml(path, text, dry_run);
    } catch (error) {
      if ((error as { status?: { code: number } }).status?.code !== 409) throw error;
      const theirs = without_status(await get_yaml(path));
      if (revision_of(theirs) === revision_of(text)) throw error; // a conflict of another sort: its words tell
      if (desired(theirs) !== desired(base) || round >= REBASES_MAX) throw new Conflict(theirs);
      text = merge(base, mine, theirs).text;
    }
  }
}

export interface Source {
  path: string; // "" until the kind is known
  text: string | null;
  gone: boolean;
  error: unknown;
  row?: Row;
  put: (text: string) => void; // the server's answer to a write
}

// Asked again whenever the row of the object changes.
export function useSource(kind: string, ns: string | undefined, name: string): Source {
  const [at, set_at] = useState<{ path: string; group: string } | null>(null);
  const [text, set_text] = useState<string | null>(null);
  const [error, set_error] = useState<unknown>(null);
  const last = useRef(-AGAIN_MS);
  useEffect(() => {
    find_plural(kind).then((found) => {
      if (!found) return set_error(new Error(`The server has no ${kind}.`));
      const { group, version } = found;
      set_at({ path: path_of({ group, version, kind, ns, name }), group });
    }, set_error);
  }, [kind, ns, name]);
  const rows = useCollection(at && { kind, group: at.group, ns, name });
  rows.version.value;
  const row = rows.rows.values().next().value as Row | undefined;
  useEffect(() => {
    if (!at) return;
    const abort = new AbortController();
    const ask = () => {
      last.current = performance.now();
      get_yaml(at.path, abort.signal).then(
        (now) => {
          set_text(now);
          set_error(null);
        },
        (failure) => abort.signal.aborted || set_error(failure),
      );
    };
    const timer = setTimeout(ask, Math.max(0, last.current + AGAIN_MS - performance.now()));
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [at, row]);
  return { path: at?.path ?? "", text, error, row, gone: rows.synced && !row && !!text, put: set_text };
}
