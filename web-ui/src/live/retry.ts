// When to try again after the connection was lost. Pure.
const FIRST_MS = 100; // a server that restarts is back at once
const SOON_MS = 500; // while that is likely: the page is live within a second of the server
const SOON_FOR_MS = 30_000;
const LATER_MS = 1000;
const HIDDEN_MS = 5000; // nobody looks; who comes back does not wait

export function retry_delay(tries: number, lost_for_ms: number, visible: boolean): number {
  const most = !visible ? HIDDEN_MS : lost_for_ms < SOON_FOR_MS ? SOON_MS : LATER_MS;
  return Math.min(FIRST_MS * 2 ** Math.min(tries, 16), most);
}
