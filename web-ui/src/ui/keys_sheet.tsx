// The sheet of all keys that are active at this moment: `?`.
import { active_keys } from "./keys";
import { open_dialog } from "./dialog";

const SYMBOLS: Record<string, string> = { Enter: "↵", Escape: "Esc", ArrowDown: "↓", ArrowUp: "↑" };

function Keys({ keys }: { keys: string }) {
  return (
    <span class="keys">
      {keys.split(" ").map((press, i) => (
        <kbd key={i}>
          {press
            .split(/-(?=.)/)
            .map((part) => ({ mod: "Ctrl", ctrl: "Ctrl", alt: "Alt" })[part] ?? SYMBOLS[part] ?? part)
            .join(" ")}
        </kbd>
      ))}
    </span>
  );
}

export function open_keys_sheet(): void {
  const groups = new Map<string, [string, string][]>();
  for (const [keys, { label, title }] of active_keys())
    if (label) groups.set(title, [...(groups.get(title) ?? []), [keys, label]]);
  open_dialog(
    () => (
      <div class="keys-sheet">
        {[...groups].map(([title, list]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {list.map(([keys, label]) => (
                <div key={keys}>
                  <dt>
                    <Keys keys={keys} />
                  </dt>
                  <dd>{label}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    ),
    { title: "Keyboard", wide: true },
  );
}
