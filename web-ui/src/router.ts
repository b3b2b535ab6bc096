// The URL is the state: /ui/<page>/<parts…>?<what the page shows>. Pages read `route`, and change it by go() and set().
import { signal, type ReadonlySignal } from "@preact/signals";

export interface Route {
  page: string; // "overview"
  parts: string[]; // what follows, decoded
  query: Record<string, string>;
}

const BASE = "/ui/";

export function parse(pathname: string, search: string): Route {
  const rest = pathname.startsWith(BASE) ? pathname.slice(BASE.length) : "";
  const [page = "", ...parts] = rest.split("/").filter(Boolean).map(decode);
  return { page: page || "overview", parts, query: Object.fromEntries(new URLSearchParams(search)) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a stray % is itself
  }
}

export function href(page: string, parts: string[] = [], query: Record<string, string | undefined> = {}): string {
  const kept = Object.entries(query).filter((entry): entry is [string, string] => !!entry[1]);
  const search = kept.length ? "?" + new URLSearchParams(kept) : "";
  return BASE + [page, ...parts].map(encodeURIComponent).join("/") + search;
}

const current = signal<Route>(parse(location.pathname, location.search));
export const route: ReadonlySignal<Route> = current;

function navigate(url: string, replace: boolean): void {
  if (url === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", url);
  current.value = parse(location.pathname, location.search);
}

export function go(page: string, parts: string[] = [], query: Record<string, string | undefined> = {}): void {
  navigate(href(page, parts, query), false);
}

// Changes the query alone and makes no entry in the history: filters, sort, choices. undefined or "" removes.
export function set(change: Record<string, string | undefined>): void {
  const { page, parts, query } = current.value;
  navigate(href(page, parts, { ...query, ...change }), true);
}

// One listener for all links of the page; called once.
export function follow_links(): void {
  addEventListener("popstate", () => (current.value = parse(location.pathname, location.search)));
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest?.("a");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || !link.pathname.startsWith(BASE)) return;
    event.preventDefault();
    navigate(link.pathname + link.search, false);
  });
}
