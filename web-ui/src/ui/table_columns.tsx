// From the columns of the server's Table to those of the page: the age ticks, the status has a shape, the name is a
// link, numbers stand right, why something is wrong has a place.
import type { ComponentChildren } from "preact";
import type { Kind } from "../api/kinds";
import type { Cell, Column, Row } from "../live/protocol";
import { Age } from "./age";
import { object_href } from "./link";
import { StatusMark } from "./status";
import type { SortKey } from "./table_model";

export interface ExtraColumn {
  name: string;
  cell: (row: Row) => ComponentChildren;
  sort?: (row: Row) => string | number;
  right?: boolean;
  weight?: number; // its part of the width; a plain text has 12
}

export interface TableColumn {
  name: string;
  role: "name" | "status" | "age" | "why" | "text" | "number";
  cell: (row: Row) => ComponentChildren;
  sort?: (row: Row) => SortKey;
  value?: (row: Row) => Cell | undefined; // what is compared to see that a cell changed
  weight: number; // its part of the width
}

const COUNTS = ["Ready", "Up-to-date", "Available", "Desired", "Current", "Restarts", "Data", "Secrets", "Count"];
const AGES = ["Age", "Last Seen"];
const WEIGHTS: Record<string, number> = { Message: 40, Object: 20, Images: 24, Selector: 24, Endpoints: 20, Node: 12 };
const TEXT_WEIGHT = 12;

export const name_key = (row: Row) => row.n.toLowerCase();
export const place_key = (row: Row) => `${row.s ?? ""}/${row.n}`;

function number_of(cell: Cell | undefined): number {
  const number = parseFloat(String(cell ?? ""));
  return Number.isNaN(number) ? -1 : number;
}

function of_server(column: Column, i: number, kind: Kind): TableColumn {
  const value = (row: Row) => row.c[i];
  const text = (row: Row) => <bdi>{String(row.c[i] ?? "")}</bdi>;
  const base = { name: column.name, value, weight: WEIGHTS[column.name] ?? TEXT_WEIGHT };
  if (column.name === "Name")
    return {
      ...base,
      role: "name",
      weight: 34,
      value: undefined,
      sort: name_key,
      cell: (row) => (
        <a href={object_href(kind.kind, row.s, row.n)} tabIndex={-1}>
          <bdi>{row.n}</bdi>
        </a>
      ),
    };
  if (AGES.includes(column.name))
    return {
      ...base,
      role: "age",
      weight: 7,
      value: undefined,
      sort: (row) => -row.t,
      cell: (row) => <Age t={row.t} />,
    };
  if (column.name === "Status" || (kind.kind === "events" && column.name === "Type"))
    return {
      ...base,
      role: "status",
      weight: 16,
      sort: (row) => String(row.c[i] ?? "").toLowerCase(),
      cell: (row) => <StatusMark severity={row.v ?? 0} word={String(row.c[i] ?? "")} />,
    };
  if (column.type === "integer" || COUNTS.includes(column.name))
    return {
      ...base,
      role: "number",
      weight: column.name === "Restarts" ? 13 : 8,
      sort: (row) => number_of(row.c[i]),
      cell: text,
    };
  return { ...base, role: "text", sort: (row) => String(row.c[i] ?? "").toLowerCase(), cell: text };
}

const namespace_column: TableColumn = {
  name: "Namespace",
  role: "text",
  weight: 12,
  sort: (row) => row.s ?? "",
  cell: (row) => <bdi>{row.s}</bdi>,
};

const why_column: TableColumn = {
  name: "Why",
  role: "why",
  weight: 30,
  sort: (row) => -(row.v ?? 0),
  value: (row) => row.w,
  cell: (row) => row.w && <bdi>{row.w}</bdi>,
};

// A kind without a column of status has its mark beside the name.
function with_mark(column: TableColumn): TableColumn {
  const cell = column.cell;
  return {
    ...column,
    cell: (row) => (
      <span class="marked">
        <StatusMark severity={row.v ?? 0} /> {cell(row)}
      </span>
    ),
  };
}

export interface Choice {
  kind: Kind;
  columns: Column[]; // of the server
  wide: boolean;
  pick?: (column: Column) => boolean;
  extra: ExtraColumn[];
  with_namespace: boolean;
  with_why: boolean;
}

export function table_columns(choice: Choice): TableColumn[] {
  const { kind, columns, wide, pick, extra } = choice;
  const chosen = columns
    .map((column, i) => ({ column, made: of_server(column, i, kind) }))
    .filter(({ column }) => (pick ? pick(column) : wide || column.priority === 0))
    .map(({ made }) => made);
  const has_status = chosen.some((column) => column.role === "status");
  const named = chosen.map((column) => (column.role === "name" && !has_status ? with_mark(column) : column));
  const added = extra.map(
    (one): TableColumn => ({
      name: one.name,
      role: one.right ? "number" : "text",
      weight: one.weight ?? TEXT_WEIGHT,
      cell: one.cell,
      sort: one.sort,
    }),
  );
  const ages = named.filter((column) => column.name === "Age");
  const rest = named.filter((column) => column.name !== "Age");
  const at = rest.findIndex((column) => column.role === "name") + 1;
  const places = choice.with_namespace ? [namespace_column] : [];
  const whys = choice.with_why ? [why_column] : [];
  return [...rest.slice(0, at), ...places, ...rest.slice(at), ...added, ...whys, ...ages];
}
