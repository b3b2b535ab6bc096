// What is shown of the logs, all of it in the URL.
import type { Ref } from "preact";
import { set } from "../../router";
import type { LogOptions } from "./options";
import { SINCES } from "./options";

interface Props {
  options: LogOptions;
  containers: string[];
  merged: boolean; // several containers or pods: all of them may be shown at once
  filter_error?: string;
  filter_ref: Ref<HTMLInputElement>;
}

export function Toolbar({ options, containers, merged, filter_error, filter_ref }: Props) {
  return (
    <div class="log-toolbar" role="group" aria-label="What is shown">
      <label class="filter">
        <span class="unseen">Filter lines</span>
        <input
          ref={filter_ref}
          type="search"
          placeholder={options.regex ? "Filter by expression" : "Filter"}
          spellcheck={false}
          value={options.text}
          aria-invalid={!!filter_error}
          aria-describedby={filter_error ? "log-filter-error" : undefined}
          onInput={(event) => set({ q: event.currentTarget.value })}
          onKeyDown={(event) => event.key === "Escape" && event.currentTarget.blur()}
        />
      </label>
      <Toggle on={options.regex} name="re" label="Expression" title="The filter is a regular expression" />
      {(containers.length > 1 || options.container) && (
        <label>
          <span class="unseen">Container</span>
          <select value={options.container ?? ""} onChange={(event) => set({ container: event.currentTarget.value })}>
            {merged && <option value="">All containers</option>}
            {containers.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        <span class="unseen">Since</span>
        <select value={options.since} onChange={(event) => set({ since: event.currentTarget.value })}>
          {SINCES.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <Toggle on={options.timestamps} name="ts" label="Times" title="Show when each line was written (t)" />
      <Toggle on={options.wrap} name="wrap" off="0" label="Wrap" title="Wrap long lines (w)" />
      <Toggle
        on={options.previous}
        name="previous"
        label="Previous"
        title="Of the container before its last restart (p)"
      />
      {filter_error && (
        <p id="log-filter-error" class="error" role="alert">
          {filter_error}
        </p>
      )}
    </div>
  );
}

interface ToggleProps {
  on: boolean;
  name: string; // in the query
  off?: string; // what says off there; by default "1" says on
  label: string;
  title: string;
}
function Toggle({ on, name, off, label, title }: ToggleProps) {
  return (
    <button type="button" class="toggle" aria-pressed={on} title={title} onClick={() => toggle(name, on, off)}>
      {label}
    </button>
  );
}

export const toggle = (name: string, on: boolean, off?: string): void =>
  set({ [name]: off === undefined ? (on ? undefined : "1") : on ? off : undefined });
