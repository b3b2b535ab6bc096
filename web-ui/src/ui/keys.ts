// The keyboard: one listener for the whole page. What components register is active while they are there; the last one
// registered wins, and before all of them what belongs to the part of the page that has the focus. Nothing is taken while
// the user types, nor behind an open dialog.
//   useKeys({ l: { run: open_logs, label: "Logs" }, "g o": go_home })
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { RefObject } from "preact";
import { press_text, Sequence } from "./key_sequence";

export interface KeyAction {
  run: (event: KeyboardEvent) => void;
  label: string; // for the sheet; "" does not stand in it
  typing?: boolean; // also while the user types or a dialog is open
}
export type KeyMap = Record<string, KeyAction | ((event: KeyboardEvent) => void)>;

interface Layer {
  map: () => KeyMap;
  title: string;
  within?: RefObject<HTMLElement>;
}

const layers: Layer[] = [];
export const keys_version = signal(0); // counts what was registered, for the sheet

const action_of = (entry: KeyMap[string]): KeyAction =>
  typeof entry === "function" ? { run: entry, label: "" } : entry!;

export interface KeysOptions {
  when?: boolean;
  title?: string; // under which the sheet lists them
  within?: RefObject<HTMLElement>; // active while the focus is in there, before what the page has on the same keys
}

export function useKeys(map: KeyMap, options: KeysOptions = {}): void {
  const latest = useRef(map);
  latest.current = map;
  const { when = true, title = "On this page", within } = options;
  useEffect(() => {
    if (!when) return;
    const layer: Layer = { map: () => latest.current, title, within };
    layers.push(layer);
    keys_version.value++;
    return () => {
      layers.splice(layers.indexOf(layer), 1);
      keys_version.value++;
    };
  }, [when, title, within]);
}

const has_focus = (layer: Layer): boolean => !!layer.within?.current?.contains(document.activeElement);

// What is active at this moment, the last registered first, by its keys.
export function active_keys(): Map<string, KeyAction & { title: string }> {
  const found = new Map<string, KeyAction & { title: string }>();
  const last_first = [...layers].reverse();
  const usable = [...last_first.filter(has_focus), ...last_first.filter((layer) => !layer.within)];
  for (const layer of usable)
    for (const [keys, entry] of Object.entries(layer.map()))
      if (!found.has(keys)) found.set(keys, { ...action_of(entry), title: layer.title });
  return found;
}

export function is_typing(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  if (!element?.closest) return false;
  if (element.isContentEditable || element.closest("textarea, select, .xterm")) return true;
  const input = element.closest("input");
  return !!input && !["checkbox", "radio", "button", "range"].includes(input.type);
}

// Enter on these is theirs; a row of a table that is one of them is opened as a row.
function takes_enter(target: EventTarget | null): boolean {
  const control = (target as HTMLElement | null)?.closest?.("a, button, summary, [role=tab]");
  return !!control && control.getAttribute("role") !== "row";
}

const sequence = new Sequence();

function on_key(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing || ["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
  if (event.key === "Enter" && takes_enter(event.target)) return;
  const active = active_keys();
  const busy = is_typing(event.target) || document.querySelector("dialog[open], :popover-open") !== null;
  const usable = busy ? [...active].filter(([, action]) => action.typing).map(([keys]) => keys) : active.keys();
  const text = press_text({ key: event.key, ctrl: event.ctrlKey, meta: event.metaKey, alt: event.altKey });
  const found = sequence.press(text, event.timeStamp, usable);
  if (!found) return;
  event.preventDefault();
  active.get(found)?.run(event);
}

// Called once.
export function follow_keys(): void {
  document.addEventListener("keydown", on_key);
}
