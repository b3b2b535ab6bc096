// Short messages at the edge of the page. An error stays until it is closed; the others go by themselves, unless the
// pointer or the focus is on them.
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Kubectl } from "./copy";
import { Icon } from "./icons";

export interface Toast {
  text: string;
  kind: "ok" | "error" | "info";
  action?: { label: string; run: () => void };
  kubectl?: string; // the command that does the same
}

const TOASTS_MAX = 4; // more would cover the page: the oldest goes
const SHOWN_MS = 5000;
const SHOWN_WITH_ACTION_MS = 10000; // time to undo

const toasts = signal<(Toast & { id: number })[]>([]);
let next_id = 1;

// Returns what takes it away.
export function toast(one: Toast): () => void {
  const id = next_id++;
  toasts.value = [...toasts.value, { ...one, id }].slice(-TOASTS_MAX);
  return () => close(id);
}

function close(id: number): void {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

function Item({ one }: { one: Toast & { id: number } }) {
  const [held, set_held] = useState(false);
  useEffect(() => {
    if (held || one.kind === "error") return;
    const timer = setTimeout(() => close(one.id), one.action ? SHOWN_WITH_ACTION_MS : SHOWN_MS);
    return () => clearTimeout(timer);
  }, [held, one]);
  const hold = (on: boolean) => () => set_held(on);
  return (
    <li
      class={`toast ${one.kind}`}
      onPointerEnter={hold(true)}
      onPointerLeave={hold(false)}
      onFocusCapture={hold(true)}
      onBlurCapture={hold(false)}
    >
      <span>{one.text}</span>
      {one.action && (
        <button
          type="button"
          onClick={() => {
            close(one.id);
            one.action?.run();
          }}
        >
          {one.action.label}
        </button>
      )}
      {one.kubectl && <Kubectl command={one.kubectl} />}
      <button type="button" class="quiet" aria-label="Close the message" onClick={() => close(one.id)}>
        <Icon name="close" />
      </button>
    </li>
  );
}

// Stands once in the frame of the page; the list is there before its messages, so that they are read out.
export function Toasts() {
  return (
    <section class="toasts" aria-label="Messages">
      <ul aria-live="polite" aria-relevant="additions">
        {toasts.value.map((one) => (
          <Item key={one.id} one={one} />
        ))}
      </ul>
    </section>
  );
}
