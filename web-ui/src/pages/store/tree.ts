// The store's keys as folders, by the `/` in them. The server lists keys flat: whoever meets a folder jumps behind it, so
// that one with a million keys costs one question.
import { request } from "../../api/request";

export interface KeyFacts {
  key?: string;
  key64?: string; // a key that is no UTF-8
  create_revision: number;
  mod_revision: number;
  version: number;
  lease: number;
  size: number;
}
export interface KeysPage {
  revision: number;
  keys: KeyFacts[];
  more: boolean;
  count: number; // from there to the end of the prefix
}

export type Entry =
  | { is: "folder"; prefix: string; name: string; count: number } // with everything below it
  | { is: "key"; name: string; facts: KeyFacts };

export interface Level {
  entries: Entry[];
  after: string | null; // where it goes on; null: it is all there
}

export type Ask = (query: { prefix: string; after: string; limit: number }) => Promise<KeysPage>;
export const ask_server: Ask = (query) => request<KeysPage>("GET", "/ui/v1/store/keys", { query });

const LAST = "\u{10ffff}"; // behind every text that can follow
const PAGE = 100; // entries
const READ = 50; // keys a question

export const parent_of = (prefix: string): string => prefix.replace(/[^/]*\/?$/, "");

// The folders that lead to a prefix: "/registry/pods/" -> "/", "/registry/", "/registry/pods/".
export const trail_of = (prefix: string): string[] =>
  [...prefix.matchAll(/\//g)].map((found) => prefix.slice(0, found.index! + 1));

export async function list_level(prefix: string, after: string, ask: Ask = ask_server, most = PAGE): Promise<Level> {
  const entries: Entry[] = [];
  let open: { folder: Entry & { is: "folder" }; count: number } | null = null;
  let at = after;
  for (;;) {
    const page: KeysPage = await ask({ prefix, after: at, limit: READ });
    if (open) open.folder.count = open.count - page.count; // what lay between is in it
    open = null;
    if (entries.length >= most && page.keys.length) return { entries, after: at };
    let rest = page.count;
    for (const facts of page.keys) {
      const key = facts.key ?? "";
      const slash = facts.key === undefined ? -1 : key.indexOf("/", prefix.length);
      if (slash >= 0) {
        const inner = key.slice(0, slash + 1);
        const folder = { is: "folder" as const, prefix: inner, name: inner.slice(prefix.length), count: rest };
        entries.push(folder);
        open = { folder, count: rest };
        at = inner + LAST;
        break;
      }
      if (entries.length >= most) return { entries, after: at };
      entries.push({
        is: "key",
        name: facts.key === undefined ? `base64:${facts.key64}` : key.slice(prefix.length),
        facts,
      });
      at = key;
      rest--;
    }
    if (!open && (!page.more || page.keys.some((facts) => facts.key === undefined))) return { entries, after: null };
  }
}
