// Tabs whose open one stands in the URL (?tab=events). Arrow keys go from tab to tab; only the open body is there.
//   <Tabs id="pod" items={[{ id: "events", label: "Events", body: () => <Events /> }]} />
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { route, set } from "../router";

export interface TabItem {
  id: string;
  label: ComponentChildren;
  body: () => ComponentChildren;
}

export function Tabs({ id, items, label }: { id: string; items: TabItem[]; label?: string }) {
  const list = useRef<HTMLDivElement>(null);
  const open = items.find((item) => item.id === route.value.query.tab) ?? items[0];
  if (!open) return null;
  const choose = (item: TabItem) => set({ tab: item === items[0] ? undefined : item.id });
  const on_key = (event: KeyboardEvent) => {
    const at = items.indexOf(open);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = (to + items.length) % items.length;
    choose(items[next]!);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };
  return (
    <div class="tabs">
      <div class="tab-list" role="tablist" aria-label={label ?? "Parts"} ref={list} onKeyDown={on_key}>
        {items.map((item) => (
          <button
            key={item.id}
            type="button"
            role="tab"
            id={`${id}-tab-${item.id}`}
            aria-controls={`${id}-body`}
            aria-selected={item === open}
            tabIndex={item === open ? 0 : -1}
            onClick={() => choose(item)}
          >
            {item.label}
          </button>
        ))}
      </div>
      <div class="tab-body" role="tabpanel" id={`${id}-body`} aria-labelledby={`${id}-tab-${open.id}`} tabIndex={-1}>
        {open.body()}
      </div>
    </div>
  );
}
