// The value of one key: as text or in hex. What belongs to a Secret is shown when it is asked for.
import { useEffect, useState } from "preact/hooks";
import { request } from "../../api/request";
import { set } from "../../router";
import { Copy } from "../../ui/copy";
import { Failed, Loading } from "../../ui/state";
import { bytes_text } from "../model/quantity";
import { Facts } from "../parts/parts";
import type { KeyFacts } from "./tree";
import "../fill.css";
import { bytes_of, hex_dump, type Value, type ValueForm } from "./value";

type Found = KeyFacts & Value & { revision: number; secret: boolean };

const SHOWN_CHARS = 200_000; // one text node of more makes a browser stutter
const HEX_BYTES = 32_768;

export function KeyValue({ name, name64 }: { name?: string; name64?: string }) {
  const [found, set_found] = useState<Found | null>(null);
  const [error, set_error] = useState<unknown>(null);
  const load = () => {
    set_error(null);
    request<Found>("GET", "/ui/v1/store/key", { query: { key: name, key64: name64 } }).then(set_found, set_error);
  };
  useEffect(load, []);
  return (
    <section class="store-value" aria-label="Value">
      <header class="store-value-head">
        <h3>
          <bdi>{name ?? name64}</bdi>
        </h3>
        <button type="button" onClick={load}>
          Read again
        </button>
        <button type="button" onClick={() => set({ key: undefined, key64: undefined })}>
          Close
        </button>
      </header>
      {!!error && <Failed error={error} retry={load} />}
      {!found && !error && <Loading lines={6} />}
      {found && <Shown found={found} />}
    </section>
  );
}

function Shown({ found }: { found: Found }) {
  const [form, set_form] = useState<ValueForm>(found.encoding === "base64" ? "hex" : "text");
  const [open, set_open] = useState(!found.secret);
  const [whole, set_whole] = useState(false);
  return (
    <>
      <Facts
        items={[
          ["Size", bytes_text(found.size)],
          ["Version", String(found.version)],
          ["Created at", String(found.create_revision)],
          ["Changed at", String(found.mod_revision)],
          ["Lease", found.lease ? String(found.lease) : ""],
        ]}
      />
      {!open ? (
        <p>
          It belongs to a Secret.{" "}
          <button type="button" onClick={() => set_open(true)}>
            Show it
          </button>
        </p>
      ) : (
        <>
          <div class="actions" role="group" aria-label="Form of the value">
            <FormButton form="text" now={form} choose={set_form} label={found.encoding === "json" ? "JSON" : "Text"} />
            <FormButton form="hex" now={form} choose={set_form} label="Hex" />
            <Copy text={found.value} label="Copy the value" />
          </div>
          <Text text={text_of(found, form, whole)} />
          {!whole && is_cut(found, form) && (
            <button type="button" onClick={() => set_whole(true)}>
              Show all of it
            </button>
          )}
        </>
      )}
    </>
  );
}

const is_cut = (found: Found, form: ValueForm): boolean =>
  form === "hex" ? found.size > HEX_BYTES : found.value.length > SHOWN_CHARS;

function text_of(found: Found, form: ValueForm, whole: boolean): string {
  if (form === "text") return whole ? found.value : found.value.slice(0, SHOWN_CHARS);
  const bytes = bytes_of(found);
  return hex_dump(whole ? bytes : bytes.subarray(0, HEX_BYTES));
}

const Text = ({ text }: { text: string }) => (
  <pre class="store-text" tabIndex={0} role="region" aria-label="The value">
    {text}
  </pre>
);

interface FormButtonProps {
  form: ValueForm;
  now: ValueForm;
  choose: (form: ValueForm) => void;
  label: string;
}
const FormButton = ({ form, now, choose, label }: FormButtonProps) => (
  <button type="button" class="toggle" aria-pressed={form === now} onClick={() => choose(form)}>
    {label}
  </button>
);
