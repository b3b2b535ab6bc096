// Who looks at the page. `appliance dashboard` prints a link whose key is good once; it becomes a cookie that scripts
// cannot read. When the session ends under an open page, the page waits until there is one again: another link, opened
// in any tab, brings it back.
import { effect, signal } from "@preact/signals";
import { request, session_over, StatusError } from "./request";

export interface Session {
  user: string;
  groups: string[];
  expires: string;
  build: string;
  node: string;
}

export const session = signal<Session | null>(null);
export const session_error = signal<string>("");

export const is_admin = () => session.value?.groups.includes("system:masters") ?? false;

const PATH = "/ui/v1/session";
const ANSWER_MS = 3000; // a server that takes longer to say who one is counts as away
const RETURN_MS = 1500; // between two looks for a new session
const USED_MS = 30 * 60_000; // a page that only watches is used too: a session ends after 12 h without a request

const is_401 = (error: unknown) => error instanceof StatusError && error.status.code === 401;

export async function open_session(): Promise<void> {
  const key = /^#k=([\w-]+)$/.exec(location.hash)?.[1];
  if (key) history.replaceState(null, "", location.pathname + location.search);
  try {
    session.value = key ? await request<Session>("POST", PATH, { body: { key } }) : await request<Session>("GET", PATH);
    session_error.value = "";
  } catch (error) {
    session.value = null;
    session_error.value = is_401(error) && !key ? "" : String((error as Error).message);
  }
  session_over.value = false; // without a session the page says how to sign in
}

// Asks anew. "over": the server is there and does not know the session; `session` keeps the last one.
export async function renew_session(): Promise<"good" | "over" | "away"> {
  try {
    const found = await request<Session>("GET", PATH, { signal: AbortSignal.timeout(ANSWER_MS) });
    if (session.peek() && session.peek()!.user !== found.user) location.reload(); // nothing of the other user stays
    session.value = found;
    session_over.value = false;
    return "good";
  } catch (error) {
    return is_401(error) ? "over" : "away";
  }
}

// Called once: a link that is put into a tab of the dashboard is only another fragment to the browser; and looks for a new session while there is none, and says now and then that the one it has is in use.
export function follow_session(): void {
  addEventListener("hashchange", () => location.hash.startsWith("#k=") && location.reload());
  let timer: ReturnType<typeof setTimeout>;
  const look = async () => {
    if ((await renew_session()) !== "good") timer = setTimeout(look, RETURN_MS);
  };
  setInterval(() => {
    if (session.peek() && !session_over.peek() && document.visibilityState === "visible") void renew_session();
  }, USED_MS);
  effect(() => {
    clearTimeout(timer);
    if (session_over.value) timer = setTimeout(look, RETURN_MS);
  });
}

export async function close_session(): Promise<void> {
  await request("DELETE", PATH).catch(() => undefined); // a session that is over needs no end
  location.assign("/ui/");
}
