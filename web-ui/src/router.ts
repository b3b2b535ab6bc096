// The URL is the state: /ui/<page>/<parts…>?<what the page shows>. Pages read `route`, and change it by go() and set().
// The chosen namespace (`ns`) goes along to every page. Going back finds the page scrolled as it was.
import { computed, signal, type ReadonlySignal } from "@preact/signals";

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

const current = signal<Route>(parse(location.pathname, location.search));
export const route: ReadonlySignal<Route> = current;

// The page and what it is about, without what it shows: who reads this is not painted anew at each key of a filter.
export const place = computed(() => [current.value.page, ...current.value.parts].map(encodeURIComponent).join("/"));

export const namespace = computed(() => current.value.query.ns ?? ""); // "": all

// `ns` is the chosen one unless the query names another; ns: "" leaves it out.
export function href(page: string, parts: string[] = [], query: Record<string, string | undefined> = {}): string {
  const all = { ns: namespace.value, ...query };
  const kept = Object.entries(all).filter((entry): entry is [string, string] => !!entry[1]);
  const search = kept.length ? "?" + new URLSearchParams(kept) : "";
  return BASE + [page, ...parts].map(encodeURIComponent).join("/") + search;
}

function navigate(url: string, replace: boolean): void {
  if (url === location.pathname + location.search) return;
  if (replace) {
    history.replaceState(history.state, "", url);
  } else {
    leave();
    history.pushState({ entry: next_entry++ }, "", url);
    scrollTo(0, 0);
  }
  current.value = parse(location.pathname, location.search);
}

// Where each entry of the history was scrolled to. Rows come after the page: the wanted place is tried for a while.
const RESTORE_MS = 2000;
const scrolls = new Map<number, number>();
let next_entry = Date.now(); // entries of an earlier load have smaller numbers
let entry = 0; // the present one

function leave(): void {
  scrolls.set(entry, scrollY);
  entry = next_entry;
}

function come_back(): void {
  scrolls.set(entry, scrollY);
  entry = (history.state as { entry?: number } | null)?.entry ?? 0;
  current.value = parse(location.pathname, location.search);
  const wanted = scrolls.get(entry) ?? 0;
  const until = performance.now() + RESTORE_MS;
  const attempt = () => {
    scrollTo(0, wanted);
    if (Math.abs(scrollY - wanted) > 1 && performance.now() < until) requestAnimationFrame(attempt);
  };
  requestAnimationFrame(attempt);
}

export function go(page: string, parts: string[] = [], query: Record<string, string | undefined> = {}): void {
  navigate(href(page, parts, query), false);
}

// To where one came from; from a page that was opened by its address, to the one above it.
export function back(): void {
  const came = (history.state as { entry?: number } | null)?.entry !== undefined;
  if (came) history.back();
  else if (current.value.parts.length > 0) go(current.value.page);
}

// An address that href() made.
export function open_url(url: string): void {
  navigate(url, false);
}

// Changes the query alone and makes no entry in the history: filters, sort, choices. undefined or "" removes.
export function set(change: Record<string, string | undefined>): void {
  const { page, parts, query } = current.value;
  navigate(href(page, parts, { ...query, ...change }), true);
}

// One listener for all links of the page; called once.
export function follow_links(): void {
  history.scrollRestoration = "manual";
  addEventListener("popstate", come_back);
  document.addEventListener("click", (event) => {
    const link = (event.target as Element).closest?.("a");
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
    if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || !link.pathname.startsWith(BASE)) return;
    if (link.getAttribute("href")?.startsWith("#")) return; // to a place on this page
    event.preventDefault();
    navigate(link.pathname + link.search, false);
  });
}
