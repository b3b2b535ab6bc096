// Whether what one sees is live, or how old it is; and that the page is to be loaded anew after an update.
import { connection, last_frame_at, outdated } from "../live/stream";
import { age_text, now } from "../ui/age";

const data_age = () => {
  now.value; // ticks
  return age_text((performance.now() - last_frame_at.value) / 1000);
};

export function ConnectionMark() {
  const state = connection.value;
  const text =
    state === "live" ? "Live" : last_frame_at.value === 0 ? "Connecting…" : `Reconnecting, data is ${data_age()} old`;
  return (
    <span class={`connection ${state}`} role="status" title={state === "live" ? "What you see is live" : text}>
      <i aria-hidden="true" />
      <span>{text}</span>
    </span>
  );
}

export function OutdatedBar() {
  if (!outdated.value) return null;
  return (
    <div class="bar" role="status">
      <span>The server was updated.</span>
      <button type="button" onClick={() => location.reload()}>
        Reload
      </button>
    </div>
  );
}
