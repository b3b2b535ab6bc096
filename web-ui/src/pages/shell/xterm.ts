// The terminal: xterm.js and its style, a chunk of their own. Colours are the page's; what a program chooses is kept
// readable on them.
import { FitAddon } from "@xterm/addon-fit";
import { Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";

export interface TerminalEvents {
  typed: (text: string) => void;
  typed_bytes: (text: string) => void; // bytes above 127 that are no UTF-8: mouse reports
  resized: (columns: number, rows: number) => void;
  leave: () => void; // the key that gives the focus back to the page
  copied: (text: string) => void;
}

export interface TerminalHandle {
  write: (bytes: Uint8Array) => void;
  note: (text: string) => void; // a line of the page's own
  focus: () => void;
  read_aloud: (on: boolean) => void;
  end: () => void;
}

const PENDING_MAX = 4 * 1024 * 1024; // bytes that wait to be drawn; more is left out and said so
const SCROLLBACK = 5000; // lines

function theme_of(place: HTMLElement) {
  const colour = (name: string, fallback: string) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${name}, ${fallback})`;
    place.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const text = colour("--text", "CanvasText");
  return {
    background: colour("--surface", "Canvas"),
    foreground: text,
    cursor: colour("--accent", "CanvasText"),
    selectionBackground: colour("--selection", "Highlight"),
  };
}

export function open_terminal(place: HTMLElement, label: string, events: TerminalEvents): TerminalHandle {
  const terminal = new Terminal({
    fontFamily: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
    fontSize: 13,
    lineHeight: 1.25,
    scrollback: SCROLLBACK,
    minimumContrastRatio: 4.5,
    cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    linkHandler: { activate: () => undefined }, // links come from the container: none is followed
    theme: theme_of(place),
  });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(place);
  terminal.textarea?.setAttribute("aria-label", label);
  terminal.onData(events.typed);
  terminal.onBinary(events.typed_bytes);
  terminal.onResize(({ cols, rows }) => events.resized(cols, rows));
  terminal.attachCustomKeyEventHandler((event) => own_key(terminal, event, events));
  const resized = new ResizeObserver(() => fit.fit());
  resized.observe(place);
  fit.fit();
  events.resized(terminal.cols, terminal.rows);
  const recolour = () => (terminal.options.theme = theme_of(place));
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", recolour);
  document.addEventListener("themechange", recolour);
  return {
    write: writer(terminal),
    note: (text) => terminal.write(`\r\n\x1b[0m── ${text} ──\x1b[0m\r\n`),
    focus: () => terminal.focus(),
    read_aloud: (on) => (terminal.options.screenReaderMode = on),
    end: () => {
      resized.disconnect();
      dark.removeEventListener("change", recolour);
      document.removeEventListener("themechange", recolour);
      terminal.dispose();
    },
  };
}

// False: not the shell's.
function own_key(terminal: Terminal, event: KeyboardEvent, events: TerminalEvents): boolean {
  if (event.key === "F6" && event.ctrlKey) {
    if (event.type === "keydown") events.leave();
    event.preventDefault();
    return false;
  }
  const with_ctrl = event.ctrlKey && !event.altKey && !event.metaKey;
  if (with_ctrl && event.key.toLowerCase() === "v") return false; // the browser pastes
  if (with_ctrl && event.key.toLowerCase() === "c" && terminal.hasSelection()) {
    if (event.type === "keydown") {
      events.copied(terminal.getSelection());
      terminal.clearSelection();
    }
    event.preventDefault();
    return false;
  }
  return true;
}

// A program that floods its terminal is shown as fast as it can be drawn, and no faster.
function writer(terminal: Terminal): (bytes: Uint8Array) => void {
  let pending = 0;
  let left_out = 0;
  return (bytes) => {
    if (pending > PENDING_MAX) {
      left_out += bytes.length;
      return;
    }
    if (left_out) terminal.write(`\r\n\x1b[0m── ${left_out} bytes left out ──\x1b[0m\r\n`);
    left_out = 0;
    pending += bytes.length;
    terminal.write(bytes, () => (pending -= bytes.length));
  };
}
