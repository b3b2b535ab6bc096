// What can be done to an object: its buttons, their keys and dialogs, and its entries of the palette. Dialogs are loaded
// when one is first opened.
//
//   <Actions kind="deployments" ns={ns} name={name} row={row} />      in the head of a detail page
//   <Table … on_keys={(row) => row_keys("pods", row)} />              the same keys on a row of a table
import type { Kind } from "../api/kinds";
import { KINDS } from "../api/kinds";
import {
  cordon,
  kubectl_of_cordon,
  kubectl_of_pause,
  kubectl_of_resume,
  pause,
  resume,
  type Target,
} from "../api/actions";
import type { Row } from "../live/protocol";
import { open_url } from "../router";
import { useKeys } from "./keys";
import { logs_href, logs_href_of, shell_href, yaml_href } from "./link";
import { use_actions } from "./palette";
import { toast } from "./toast";
import "./actions/actions.css";

export interface Action {
  id: string;
  label: string;
  key?: string;
  danger?: boolean;
  href?: string; // goes there
  run: () => void;
}

export interface ActionsProps {
  kind: Kind | string; // or the plural
  group?: string; // of a kind that KINDS does not have
  ns?: string;
  name: string;
  row?: Row; // of the stream: whether it is paused, cordoned, how many replicas
}

const to = (id: string, label: string, key: string | undefined, href: string): Action => ({
  id,
  label,
  key,
  href,
  run: () => open_url(href),
});

// Reversible things are done at once; the toast offers the way back, and the command that does the same.
function at_once(
  what: () => Promise<unknown>,
  done: string,
  kubectl: string,
  back: { label: string; run: () => void },
): void {
  what().then(
    () => toast({ text: done, kind: "ok", action: back, kubectl }),
    (error: Error) => toast({ text: error.message, kind: "error" }),
  );
}

const open_scale = (o: Target, by = 0) => void import("./actions/scale").then((m) => m.open_scale(o, by));
const open_restart = (o: Target) => void import("./actions/restart").then((m) => m.open_restart(o));
const open_undo = (o: Target) => void import("./actions/undo").then((m) => m.open_undo(o));
const open_remove = (o: Target) => void import("./actions/remove").then((m) => m.open_remove(o));
const open_evict = (o: Target) => void import("./actions/evict").then((m) => m.open_evict(o));
const open_drain = (o: Target) => void import("./actions/drain").then((m) => m.open_drain(o.name));

export function set_cordon(node: string, on: boolean): void {
  const done = on ? `${node} takes no new pods` : `${node} takes pods again`;
  const back = { label: on ? "Uncordon" : "Cordon", run: () => set_cordon(node, !on) };
  at_once(() => cordon(node, on), done, kubectl_of_cordon(node, on), back);
}

function set_paused(o: Target, on: boolean): void {
  const done = on ? `Rollout of ${o.name} is paused` : `Rollout of ${o.name} goes on`;
  const back = { label: on ? "Resume" : "Pause", run: () => set_paused(o, !on) };
  at_once(() => (on ? pause(o) : resume(o)), done, on ? kubectl_of_pause(o) : kubectl_of_resume(o), back);
}

const scaling = (o: Target): Action[] => [
  { id: "scale", label: "Scale", key: "+", run: () => open_scale(o, 1) },
  { id: "scale-down", label: "Scale down", key: "-", run: () => open_scale(o, -1) },
];

function of_kind(o: Target, row?: Row): Action[] {
  if (o.kind === "pods")
    return [
      to("logs", "Logs", "l", logs_href(o.ns!, o.name)),
      to("shell", "Shell", "s", shell_href(o.ns!, o.name)),
      { id: "evict", label: "Evict", run: () => open_evict(o) },
    ];
  if (o.kind === "deployments")
    return [
      to("logs", "Logs", "l", logs_href_of(o.kind, o.ns!, o.name)),
      ...scaling(o),
      { id: "restart", label: "Restart", key: "r", run: () => open_restart(o) },
      { id: "undo", label: "Roll back", key: "u", run: () => open_undo(o) },
      row?.x?.paused
        ? { id: "resume", label: "Resume rollout", run: () => set_paused(o, false) }
        : { id: "pause", label: "Pause rollout", run: () => set_paused(o, true) },
    ];
  if (o.kind === "replicasets") return [to("logs", "Logs", "l", logs_href_of(o.kind, o.ns!, o.name)), ...scaling(o)];
  if (o.kind === "nodes")
    return [
      row?.x?.unschedulable
        ? { id: "uncordon", label: "Uncordon", run: () => set_cordon(o.name, false) }
        : { id: "cordon", label: "Cordon", run: () => set_cordon(o.name, true) },
      { id: "drain", label: "Drain", run: () => open_drain(o) },
    ];
  return [];
}

export function actions_of(o: Target, row?: Row): Action[] {
  return [
    ...of_kind(o, row),
    to("yaml", "YAML", "y", yaml_href(o.kind, o.ns, o.name)),
    { id: "delete", label: "Delete", key: "ctrl-d", danger: true, run: () => open_remove(o) },
  ];
}

const target_of = (kind: Kind | string, ns: string | undefined, name: string, group?: string): Target => {
  const known = typeof kind === "string" ? KINDS[kind] : kind;
  return { kind: typeof kind === "string" ? kind : kind.kind, group: group ?? known?.group, ns, name };
};

// For a table: what the keys do on this row. `e` edits.
export function row_keys(kind: Kind | string, row: Row): Record<string, () => void> {
  const o = target_of(kind, row.s, row.n);
  const keys = actions_of(o, row).flatMap(({ key, run }) => (key ? [[key, run] as const] : []));
  return Object.fromEntries([...keys, ["e", () => open_url(edit_href(o))]]);
}

const edit_href = (o: Target) => yaml_href(o.kind, o.ns, o.name, { edit: "1" });

export function Actions({ kind, group, ns, name, row }: ActionsProps) {
  const o = target_of(kind, ns, name, group);
  const actions = actions_of(o, row);
  const keyed = actions.filter((one) => one.key).map((one) => [one.key!, { run: one.run, label: one.label }] as const);
  useKeys({ ...Object.fromEntries(keyed), e: { label: "Edit YAML", run: () => open_url(edit_href(o)) } });
  use_actions(actions.map(({ label, run, key }) => ({ label: `${label} ${name}`, run, key })));
  return (
    <div class="actions" role="group" aria-label={`Actions for ${name}`}>
      {actions
        .filter(({ id }) => id !== "scale-down")
        .map((one) => (
          <ActionButton key={one.id} action={one} />
        ))}
    </div>
  );
}

function ActionButton({ action: { label, key, danger, href, run } }: { action: Action }) {
  const shortcut = key ? { "aria-keyshortcuts": key === "ctrl-d" ? "Control+D" : key, title: `${label} (${key})` } : {};
  if (href)
    return (
      <a class="button" href={href} {...shortcut}>
        {label}
      </a>
    );
  return (
    <button type="button" class={danger ? "danger" : undefined} onClick={run} {...shortcut}>
      {label}
    </button>
  );
}
