// The palette: everything that can be gone to or done, by a few letters. Ctrl-K, Cmd-K, `:` or the field in the header.
//   use_actions([{ label: "Restart web", run: restart, key: "r" }])   while the page is there
import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { KINDS } from "../api/kinds";
import { acquire, type Collection } from "../live/collection";
import { PAGES } from "../pages/pages";
import { go, open_url } from "../router";
import { Icon } from "./icons";
import { object_href } from "./link";
import { pieces, rank, type Offer } from "./palette_model";

export interface PageAction {
  label: string;
  run: () => void;
  key?: string;
}

const is_open = signal(false);
const page_actions = signal<PageAction[][]>([]);

export const open_palette = () => (is_open.value = true);

export function use_actions(actions: PageAction[]): void {
  const text = actions.map((action) => action.label).join("\n");
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const mine = latest.current.map((action, i) => ({ ...action, run: () => latest.current[i]?.run() }));
    page_actions.value = [...page_actions.value, mine];
    return () => (page_actions.value = page_actions.value.filter((other) => other !== mine));
  }, [text]);
}

function fixed_offers(): Offer[] {
  const actions = page_actions.value.flat().map(
    (action): Offer => ({
      id: `action ${action.label}`,
      label: action.label,
      group: "Actions",
      hint: action.key,
      run: action.run,
    }),
  );
  const pages = PAGES.filter((page) => page.nav).map(
    (page): Offer => ({
      id: `page ${page.id}`,
      label: page.title,
      group: "Pages",
      hint: page.key && `g ${page.key}`,
      run: () => go(page.id),
    }),
  );
  const kinds = Object.values(KINDS)
    .filter((kind) => kind.page === "objects")
    .map(
      (kind): Offer => ({
        id: `kind ${kind.kind}`,
        label: kind.title,
        group: "Pages",
        words: kind.one,
        run: () => go("objects", [kind.kind]),
      }),
    );
  return [...actions, ...pages, ...kinds];
}

// Objects are looked for in rows of the stream, which come when the first letter is typed.
const LOOKED_THROUGH = Object.values(KINDS).filter(
  (kind) => !["events", "endpointslices", "replicasets"].includes(kind.kind),
);

function useObjects(wanted: boolean): Offer[] {
  const [version, set_version] = useState(0);
  const held = useRef<{ kind: string; one: string; collection: Collection }[]>([]);
  useEffect(() => {
    if (!wanted) return;
    const all = LOOKED_THROUGH.map((kind) => ({
      ...kind,
      ...acquire({ kind: kind.kind, group: kind.group || undefined }),
    }));
    held.current = all;
    const ends = all.map(({ collection }) => collection.version.subscribe(() => set_version((n) => n + 1)));
    return () => {
      held.current = [];
      for (const end of ends) end();
      for (const { release } of all) release();
    };
  }, [wanted]);
  return useMemo(
    () =>
      held.current.flatMap(({ kind, one, collection }) =>
        Array.from(
          collection.rows.values(),
          (row): Offer => ({
            id: row.u,
            label: row.n,
            group: "Objects",
            hint: row.s ? `${one} in ${row.s}` : one,
            words: `${one} ${row.s ?? ""}`,
            run: () => open_url(object_href(kind, row.s, row.n)),
          }),
        ),
      ),
    [version, wanted],
  );
}

function Palette({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const [typed, set_typed] = useState("");
  const [chosen, set_chosen] = useState(0);
  const fixed = useMemo(fixed_offers, [page_actions.value]);
  const objects = useObjects(typed.trim() !== "");
  const shown = useMemo(() => rank(typed, [...fixed, ...(typed.trim() ? objects : [])]), [typed, fixed, objects]);
  const at = Math.min(chosen, shown.length - 1);

  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    const element = dialog.current!;
    element.showModal();
    return () => {
      element.close();
      if (before?.isConnected) before.focus();
    };
  }, []);
  useEffect(
    () => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }),
    [at, shown],
  );

  const run = (offer: Offer | undefined) => {
    if (!offer) return;
    close();
    offer.run();
  };
  const on_key = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (event.key === "Enter") run(shown[at]?.offer);
    else if (step !== undefined) set_chosen(Math.min(Math.max(at + step, 0), Math.max(shown.length - 1, 0)));
    else return;
    event.preventDefault();
  };
  return (
    <dialog
      ref={dialog}
      class="palette"
      aria-label="Find"
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClose={close}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="palette-frame">
        <div class="palette-field">
          <Icon name="search" />
          <input
            autoFocus
            role="combobox"
            aria-label="Find pages, objects and actions"
            aria-expanded="true"
            aria-controls="palette-list"
            aria-autocomplete="list"
            aria-activedescendant={at >= 0 ? `offer-${at}` : undefined}
            placeholder="Find pages, objects and actions"
            autocomplete="off"
            spellcheck={false}
            value={typed}
            onInput={(event) => {
              set_typed(event.currentTarget.value);
              set_chosen(0);
            }}
            onKeyDown={on_key}
          />
        </div>
        <ul class="palette-list" id="palette-list" role="listbox" aria-label="Found" ref={list} tabIndex={-1}>
          {shown.map(({ offer, at: marks }, i) => (
            <li
              key={offer.id}
              id={`offer-${i}`}
              role="option"
              aria-selected={i === at}
              onPointerMove={() => i !== at && set_chosen(i)}
              onClick={() => run(offer)}
            >
              <span class="palette-label">
                <bdi>
                  {pieces(offer.label, marks).map((piece, j) =>
                    piece.marked ? <mark key={j}>{piece.text}</mark> : piece.text,
                  )}
                </bdi>
              </span>
              <span class="muted">{offer.hint ?? (offer.group === "Pages" ? "page" : "")}</span>
            </li>
          ))}
        </ul>
        {shown.length === 0 && <p class="palette-none">Nothing is called like this.</p>}
      </div>
    </dialog>
  );
}

// Stands once in the frame of the page.
export function PalettePlace() {
  return is_open.value ? <Palette close={() => (is_open.value = false)} /> : null;
}
