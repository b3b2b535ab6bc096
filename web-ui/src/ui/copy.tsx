// Buttons that copy: a value, or the kubectl command that does the same as the page.
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icons";
import { toast } from "./toast";

export async function copy_text(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    toast({ kind: "error", text: "The browser does not let this page copy." });
    return false;
  }
}

const SHOWN_MS = 1500;

function useCopied(text: string): [boolean, () => Promise<void>] {
  const [done, set_done] = useState(false);
  const timer = useRef(0);
  useEffect(() => () => clearTimeout(timer.current), []);
  const run = async () => {
    if (!(await copy_text(text))) return;
    set_done(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => set_done(false), SHOWN_MS) as unknown as number;
  };
  return [done, run];
}

export function Copy({ text, label }: { text: string; label?: string }) {
  const [done, run] = useCopied(text);
  const name = done ? "Copied" : (label ?? "Copy");
  return (
    <button type="button" class="copy" onClick={run} aria-label={name} title={name}>
      <Icon name={done ? "check" : "copy"} />
    </button>
  );
}

export function Kubectl({ command }: { command: string }) {
  const [done, run] = useCopied(command);
  return (
    <button type="button" class="quiet kubectl" onClick={run} title={command}>
      <Icon name={done ? "check" : "copy"} /> {done ? "Copied" : "Copy as kubectl"}
    </button>
  );
}
