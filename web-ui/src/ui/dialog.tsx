// Dialogs on the native <dialog>: modal, labelled by their title, closed by Esc, and the focus goes back to where it was.
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon } from "./icons";

type Render = (close: () => void) => ComponentChildren;
interface Open {
  id: number;
  title: string;
  wide: boolean;
  render: Render;
  closed: () => void;
  may_close: () => boolean;
}

const dialogs = signal<Open[]>([]);
let next_id = 1;

export interface DialogOptions {
  title: string;
  wide?: boolean;
  closed?: () => void; // runs once, however it was closed
  may_close?: () => boolean; // asked when Esc, a click beside it or its cross would close it
}

// Returns what closes it.
export function open_dialog(render: Render, options: DialogOptions): () => void {
  const { title, wide = false, closed = () => undefined, may_close = () => true } = options;
  const id = next_id++;
  dialogs.value = [...dialogs.value, { id, title, wide, render, closed, may_close }];
  return () => close_dialog(id);
}

function close_dialog(id: number): void {
  const one = dialogs.value.find((dialog) => dialog.id === id);
  if (!one) return;
  dialogs.value = dialogs.value.filter((dialog) => dialog !== one);
  one.closed();
}

export interface Confirmation {
  title: string;
  body: ComponentChildren;
  verb: string; // on the button: "Delete"
  danger?: boolean;
  typed?: string; // must be typed first: the name of what is lost
}

export function confirm_dialog(question: Confirmation): Promise<boolean> {
  return new Promise((resolve) => {
    let answer = false;
    open_dialog(
      (close) => (
        <Confirm
          {...question}
          cancel={close}
          agree={() => {
            answer = true;
            close();
          }}
        />
      ),
      { title: question.title, closed: () => resolve(answer) },
    );
  });
}

function Confirm({
  body,
  verb,
  danger,
  typed,
  cancel,
  agree,
}: Confirmation & { cancel: () => void; agree: () => void }) {
  const [text, set_text] = useState("");
  const ready = !typed || text.trim() === typed;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) agree();
      }}
    >
      <div class="dialog-body">{body}</div>
      {typed && (
        <label class="field">
          <span>
            Type <code>{typed}</code> to go on
          </span>
          <input
            value={text}
            onInput={(event) => set_text(event.currentTarget.value)}
            autocomplete="off"
            spellcheck={false}
            autoFocus
          />
        </label>
      )}
      <div class="dialog-buttons">
        <button type="button" onClick={cancel} autoFocus={!typed && danger}>
          Cancel
        </button>
        <button type="submit" class={danger ? "danger" : "primary"} disabled={!ready} autoFocus={!typed && !danger}>
          {verb}
        </button>
      </div>
    </form>
  );
}

function Dialog({ one }: { one: Open }) {
  const element = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const dialog = element.current!;
    dialog.showModal();
    dialog.querySelector<HTMLElement>("[autofocus]")?.focus();
    return () => {
      dialog.close();
      if (before?.isConnected) before.focus();
    };
  }, []);
  const close = () => close_dialog(one.id);
  const want_to_close = () => {
    if (!dialogs.peek().includes(one)) return;
    if (one.may_close()) close();
    else if (!element.current?.open) element.current?.showModal(); // a second Esc closes without asking
  };
  return (
    <dialog
      ref={element}
      class={one.wide ? "dialog wide" : "dialog"}
      aria-labelledby={title}
      onCancel={(event) => {
        event.preventDefault();
        want_to_close();
      }}
      onClose={want_to_close}
      onClick={(event) => event.target === element.current && want_to_close()}
    >
      <div class="dialog-frame">
        <header class="dialog-head">
          <h2 id={title}>{one.title}</h2>
          <button type="button" class="quiet" aria-label="Close" onClick={want_to_close}>
            <Icon name="close" />
          </button>
        </header>
        {one.render(close)}
      </div>
    </dialog>
  );
}

// Stands once in the frame of the page.
export function Dialogs() {
  return (
    <>
      {dialogs.value.map((one) => (
        <Dialog key={one.id} one={one} />
      ))}
    </>
  );
}
