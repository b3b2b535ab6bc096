// What config maps and secrets hold. A secret's values are fetched when one is asked for, and forgotten with the page.
import { useState } from "preact/hooks";
import { Copy } from "../../ui/copy";
import { Empty, Failed } from "../../ui/state";
import { bytes_text } from "../model/quantity";
import { decode_value } from "../model/secret";
import type { Obj } from "../model/types";
import { Part } from "../parts/parts";

const SHOWN_MAX = 64 * 1024; // characters of one value: a page is no place for more

export function ConfigData({ object }: { object: Obj }) {
  const texts = Object.entries((object.data ?? {}) as Record<string, string>);
  const binary = Object.entries((object.binaryData ?? {}) as Record<string, string>);
  const { name, namespace } = object.metadata;
  return (
    <Part title="Data" note={`${texts.length + binary.length} keys`}>
      {texts.length + binary.length === 0 && (
        <Empty teach={`kubectl edit configmap ${name} -n ${namespace}`}>It holds nothing.</Empty>
      )}
      <dl class="data">
        {texts.map(([key, value]) => (
          <Entry key={key} name={key} note={bytes_text(new Blob([value]).size)} value={value} />
        ))}
        {binary.map(([key, value]) => (
          <Entry key={key} name={key} note={`${bytes_text(Math.floor((value.length * 3) / 4))}, not text`} />
        ))}
      </dl>
    </Part>
  );
}

interface SecretKeysProps {
  keys: string[];
  fetch: () => Promise<Record<string, string>>; // key -> base64
}
export function SecretKeys({ keys, fetch }: SecretKeysProps) {
  const [shown, set_shown] = useState<Map<string, string | null>>(new Map()); // null: no text
  const [error, set_error] = useState<Error | null>(null);
  const hide = (key: string) => set_shown((before) => new Map([...before].filter(([other]) => other !== key)));
  const reveal = (key: string) =>
    fetch().then(
      (data) => {
        set_error(null);
        set_shown((before) => new Map(before).set(key, decode_value(data[key] ?? "")));
      },
      (failure: Error) => set_error(failure),
    );
  return (
    <Part title="Data" note={`${keys.length} keys; values are fetched when they are revealed`}>
      {error && <Failed error={error} />}
      {!keys.length && (
        <Empty teach="kubectl create secret generic login --from-literal=PASSWORD=…">It holds nothing.</Empty>
      )}
      <dl class="data">
        {keys.map((key) => {
          const open = shown.has(key);
          const value = shown.get(key);
          return (
            <Entry
              key={key}
              name={key}
              value={open ? (value ?? undefined) : undefined}
              note={open && value === null ? "not text" : ""}
              button={
                <button
                  type="button"
                  class="small"
                  aria-label={`${open ? "Hide" : "Reveal"} ${key}`}
                  onClick={() => (open ? hide(key) : void reveal(key))}
                >
                  {open ? "Hide" : "Reveal"}
                </button>
              }
            />
          );
        })}
      </dl>
    </Part>
  );
}

interface EntryProps {
  name: string;
  note?: string;
  value?: string;
  button?: preact.JSX.Element;
}
function Entry({ name, note, value, button }: EntryProps) {
  return (
    <div class="data-entry">
      <dt>
        <code>
          <bdi>{name}</bdi>
        </code>
        {note && <span class="muted">{note}</span>}
        {button}
        {value !== undefined && <Copy text={value} label={`Copy ${name}`} />}
      </dt>
      {value !== undefined && (
        <dd class="data-value" tabIndex={0}>
          <bdi>{value.slice(0, SHOWN_MAX)}</bdi>
          {value.length > SHOWN_MAX && <p class="muted">… {value.length - SHOWN_MAX} more characters</p>}
        </dd>
      )}
    </div>
  );
}
