// Who looks at the page. `appliance dashboard` prints a link whose key is good once; it becomes a cookie that scripts
// cannot read.
import { signal } from "@preact/signals";
import { request, StatusError } from "./request";

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

export async function open_session(): Promise<void> {
  const key = /^#k=([\w-]+)$/.exec(location.hash)?.[1];
  if (key) history.replaceState(null, "", location.pathname + location.search);
  try {
    session.value = key
      ? await request<Session>("POST", "/ui/v1/session", { body: { key } })
      : await request<Session>("GET", "/ui/v1/session");
    session_error.value = "";
  } catch (error) {
    session.value = null;
    session_error.value =
      error instanceof StatusError && error.status.code === 401 && !key ? "" : String((error as Error).message);
  }
}

export async function close_session(): Promise<void> {
  await request("DELETE", "/ui/v1/session").catch(() => undefined); // a session that is over needs no end
  session.value = null;
}
