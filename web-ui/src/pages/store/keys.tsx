// The keys of the store, folder by folder: ?prefix=/registry/pods/ and the value of one: &key=… (or key64=).
import { useEffect, useState } from "preact/hooks";
import { href, route, set } from "../../router";
import { useKeys } from "../../ui/keys";
import { Empty, Failed, Loading } from "../../ui/state";
import { bytes_text } from "../model/quantity";
import { Part } from "../parts/parts";
import { list_level, parent_of, trail_of, type Entry, type Level } from "./tree";
import { KeyValue } from "./key_value";

const START = "/registry/";

export function StoreKeys() {
  const { query } = route.value;
  const prefix = query.prefix ?? START;
  return (
    <Part title="Keys">
      <Trail prefix={prefix} />
      <div class="store-keys">
        <Folder key={prefix} prefix={prefix} />
        {(query.key || query.key64) && (
          <KeyValue key={query.key ?? query.key64} name={query.key} name64={query.key64} />
        )}
      </div>
    </Part>
  );
}

const to_prefix = (prefix: string) => href("store", [], { prefix });

function Trail({ prefix }: { prefix: string }) {
  const trail = trail_of(prefix);
  const last = trail.at(-1) ?? "";
  return (
    <form
      class="store-trail"
      onSubmit={(event) => {
        event.preventDefault();
        set({ prefix: new FormData(event.currentTarget).get("prefix") as string, key: undefined, key64: undefined });
      }}
    >
      <nav aria-label="Folders">
        {trail.map((one, i) => (
          <a key={one} href={to_prefix(one)} aria-current={one === last ? "location" : undefined}>
            <bdi>{i === 0 ? one : one.slice(trail[i - 1]!.length)}</bdi>
          </a>
        ))}
      </nav>
      <label class="filter">
        <span class="unseen">Prefix</span>
        <input key={prefix} name="prefix" type="search" defaultValue={prefix} spellcheck={false} autocomplete="off" />
      </label>
      <button type="submit">Go</button>
    </form>
  );
}

function Folder({ prefix }: { prefix: string }) {
  const [level, set_level] = useState<Level | null>(null);
  const [error, set_error] = useState<unknown>(null);
  const [busy, set_busy] = useState(false);
  const load = (from: Level | null) => {
    set_busy(true);
    set_error(null);
    list_level(prefix, from?.after ?? "")
      .then((next) => set_level({ entries: [...(from?.entries ?? []), ...next.entries], after: next.after }), set_error)
      .finally(() => set_busy(false));
  };
  useEffect(() => load(null), []);
  useKeys({ "[": { label: "Up a folder", run: () => set({ prefix: parent_of(prefix), key: undefined }) } });
  if (!level) return error ? <Failed error={error} retry={() => load(null)} /> : <Loading lines={6} />;
  if (!level.entries.length) return <Empty teach="appliance store get --prefix /registry/">No key begins so.</Empty>;
  return (
    <div class="store-folder">
      <ul role="list" aria-label={`Keys under ${prefix}`}>
        {level.entries.map((entry) => (
          <KeyLine key={entry.name} entry={entry} prefix={prefix} />
        ))}
      </ul>
      {!!error && <Failed error={error} />}
      {level.after !== null && (
        <button type="button" disabled={busy} onClick={() => load(level)}>
          More
        </button>
      )}
    </div>
  );
}

function KeyLine({ entry, prefix }: { entry: Entry; prefix: string }) {
  if (entry.is === "folder")
    return (
      <li>
        <a href={to_prefix(entry.prefix)}>
          <bdi>{entry.name}</bdi>
        </a>
        <span class="muted num">{entry.count === 1 ? "1 key" : `${entry.count.toLocaleString("en")} keys`}</span>
      </li>
    );
  const { key, key64, size, version } = entry.facts;
  const open = route.value.query.key === key && key !== undefined;
  return (
    <li>
      <a href={href("store", [], { prefix, key, key64 })} aria-current={open ? "true" : undefined}>
        <bdi>{entry.name}</bdi>
      </a>
      <span class="muted num">
        {bytes_text(size)}
        {version > 1 && `, version ${version}`}
      </span>
    </li>
  );
}
