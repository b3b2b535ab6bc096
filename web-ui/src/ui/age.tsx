// Ages that tick, all from one timer: those that count seconds every second, the older ones every ten.
import { signal } from "@preact/signals";
import { age_text } from "./age_text";

export { age_text } from "./age_text";

const OLD_SECONDS = 600; // from here on no seconds are shown
const seconds = () => Date.now() / 1000;
export const now = signal(seconds()); // ticks every second
const now_slow = signal(seconds()); // ticks every ten

let ticks = 0;
setInterval(() => {
  if (document.visibilityState === "hidden") return;
  now.value = seconds();
  if (ticks++ % 10 === 0) now_slow.value = seconds();
}, 1000);
document.addEventListener("visibilitychange", () => (now.value = now_slow.value = seconds()));

export function Age({ t }: { t: number }) {
  const old = now.peek() - t > OLD_SECONDS;
  const at = (old ? now_slow : now).value;
  return <time title={t > 0 ? new Date(t * 1000).toLocaleString() : undefined}>{t > 0 ? age_text(at - t) : "–"}</time>;
}
