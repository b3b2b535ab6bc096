// The table of a kind: virtual rows (at most ROWS_MAX in the page), filter, sort, keys, cards on narrow screens.
//   <Table rows={useCollection({ kind: "pods" })} kind={KINDS.pods!} id="pods" empty={<Empty>No pods.</Empty>} />
// The filter and the order stand in the URL (`q`, `sort`, `wide`; of an embedded table under its id: `pods.q`).
// Order and places are held for a moment while the pointer moves over the rows: nothing slips away from under it.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Kind } from "../api/kinds";
import type { Collection } from "../live/collection";
import type { Column, Row } from "../live/protocol";
import { namespace, open_url, route, set } from "../router";
import type { KeyMap } from "./keys";
import { object_href } from "./link";
import { density } from "./preferences";
import { Failed, Loading } from "./state";
import { name_key, place_key, table_columns, type ExtraColumn, type TableColumn } from "./table_columns";
import { parse_filter } from "./table_filter";
import { TableBar, TableHead } from "./table_head";
import { useRowFocus } from "./table_focus";
import { useHold } from "./table_hold";
import { View } from "./table_model";
import { RowView } from "./table_row";
import { useAnchor, useCards, useRowWindow } from "./table_window";

export type { ExtraColumn } from "./table_columns";

export interface TableProps {
  rows: Collection;
  kind: Kind;
  id: string;
  columns?: (column: Column) => boolean;
  extra?: ExtraColumn[];
  hide_ns?: boolean;
  on_keys?: (row: Row) => KeyMap; // of the focused row
  empty?: ComponentChildren;
  embedded?: boolean; // not the only table of its page
  label?: string; // read out; the kind's title by default
  sort?: string; // the order when the URL names none: "Age", "-Restarts"
  rows_href?: (row: Row) => string; // where a row leads to; the page of its object by default
}

export const ROW_HEIGHT = { comfortable: 36, compact: 28, cards: 76 }; // px, as in table.css

// The collection's changes, brought into the view once a painting.
function useView(rows: Collection, columns: TableColumn[], order: string, typed: string) {
  const [view] = useState(() => new View());
  const touched = useMemo(() => rows.watch(), [rows]);
  useEffect(() => () => rows.unwatch(touched), [rows, touched]);
  const by = order.replace(/^-/, "");
  const column = columns.find((one) => one.name === by);
  useMemo(
    () => view.sort({ key: column?.sort ?? (by === "Name" ? name_key : place_key), descending: order.startsWith("-") }),
    [view, order, column?.sort],
  );
  useMemo(() => view.filter(parse_filter(typed, rows.columns)), [view, typed, rows.columns]);
  return { view, touched };
}

export function Table(props: TableProps) {
  const { rows, kind, id, extra, embedded = false, hide_ns = false } = props;
  rows.version.value;
  const query = route.value.query;
  const prefix = embedded ? `${id}.` : "";
  const typed = query[`${prefix}q`] ?? "";
  const order = query[`${prefix}sort`] ?? props.sort ?? "";
  const wide = !!query[`${prefix}wide`];

  const stamp = useStamp(extra);
  const latest_extra = useRef(extra);
  latest_extra.current = extra;
  const names = extra?.map((one) => one.name).join("\n") ?? "";
  const with_why = rows.problems > 0;
  const with_namespace = kind.namespaced && !hide_ns && !namespace.value;
  const columns = useMemo(() => {
    const live = (extra ?? []).map((one, i) => ({ ...one, cell: (row: Row) => latest_extra.current?.[i]?.cell(row) }));
    return table_columns({
      kind,
      columns: rows.columns,
      wide,
      pick: props.columns,
      extra: live,
      with_namespace,
      with_why,
    });
  }, [kind, rows.columns, wide, names, with_namespace, with_why]);

  const { view, touched } = useView(rows, columns, order, typed);
  const place = useRef<HTMLDivElement>(null);
  const hold = useHold(place);
  view.update(rows.rows, touched, hold.value);

  const cards = useCards();
  const height = ROW_HEIGHT[cards ? "cards" : density.value];
  const count = view.shown.length;
  const shown = useRowWindow(place, height, count);
  useAnchor(place, view, height);
  const open = (row: Row) => open_url(props.rows_href?.(row) ?? object_href(kind.kind, row.s, row.n));
  const focus = useRowFocus({ view, place, height, open, on_keys: props.on_keys, alone: !embedded });

  const indices = [];
  for (let i = shown.first; i < shown.end; i++) indices.push(i);
  if (focus.index >= 0 && focus.index < count && !indices.includes(focus.index)) indices.push(focus.index);

  if (rows.error && rows.rows.size === 0) return <Failed error={rows.error} />;
  if (!rows.synced && rows.rows.size === 0) return <Loading lines={8} />;
  if (rows.rows.size === 0 && props.empty && !typed) return <>{props.empty}</>;
  const template = columns.map((column) => `minmax(0, ${column.weight}fr)`).join(" ");
  return (
    <div class={`table ${cards ? "cards" : density.value}`} style={{ "--columns": template }} data-stale={rows.stale}>
      <TableBar
        kind={kind}
        id={id}
        embedded={embedded}
        typed={typed}
        on_type={(text) => set({ [`${prefix}q`]: text || undefined })}
        wide={wide}
        on_wide={(on) => set({ [`${prefix}wide`]: on ? "1" : undefined })}
        can_be_wide={!props.columns && rows.columns.some((column) => column.priority > 0)}
        shown={count}
        total={rows.rows.size}
        problems={rows.problems}
        held={view.held}
        on_enter={() => focus.to(0)}
      />
      <div class="grid" role="grid" aria-label={props.label ?? kind.title} aria-rowcount={count + 1}>
        <TableHead columns={columns} order={order} on_sort={(next) => set({ [`${prefix}sort`]: next || undefined })} />
        <div
          class="rows"
          role="rowgroup"
          ref={place}
          style={{ height: `${count * height}px` }}
          onKeyDown={focus.on_key}
        >
          {indices.map((i) => {
            const entry = view.shown[i]!;
            return (
              <RowView
                key={entry.row.u}
                row={entry.row}
                columns={columns}
                stamp={stamp}
                index={i}
                top={i * height}
                focused={focus.index < 0 ? i === shown.first : focus.index === i}
                gone={entry.gone}
                on_focus={focus.set}
                on_open={open}
              />
            );
          })}
        </div>
      </div>
      {count === 0 && (
        <p class="table-none">
          Nothing matches <q>{typed}</q>.{" "}
          <button onClick={() => set({ [`${prefix}q`]: undefined })}>Clear the filter</button>
        </p>
      )}
    </div>
  );
}

// Another number whenever the page hands over other extra columns.
function useStamp(extra: ExtraColumn[] | undefined): number {
  const stamp = useRef(0);
  useMemo(() => stamp.current++, [extra]);
  return stamp.current;
}
