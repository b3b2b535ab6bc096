// The columns of the list of events, and where each event leads.
import { KINDS, kind_of } from "../../api/kinds";
import type { Row } from "../../live/protocol";
import { Age } from "../../ui/age";
import { object_href } from "../../ui/link";
import { StatusMark } from "../../ui/status";
import type { ExtraColumn } from "../../ui/table";

const MESSAGE = 6; // its place among kubectl's columns of events

const message = (row: Row): string => String(row.c[MESSAGE] ?? "");

// The page of what the event is about; the event's own where that kind is unknown.
export function about_href(row: Row): string {
  const kind = kind_of(row.x?.kind ?? "");
  if (!kind || !row.x?.name) return object_href("events", row.s, row.n);
  return object_href(kind.kind, kind.namespaced ? row.x.ns : undefined, row.x.name);
}

const about = (row: Row): string => `${(row.x?.kind ?? "").toLowerCase()} ${row.x?.name ?? ""}`;

export const EVENT_COLUMNS: ExtraColumn[] = [
  {
    name: "Type",
    weight: 12,
    sort: (row) => row.x?.type ?? "",
    cell: (row) => <StatusMark severity={row.x?.type === "Warning" ? 1 : 0} word={row.x?.type ?? ""} />,
  },
  { name: "Reason", weight: 15, sort: (row) => row.x?.reason ?? "", cell: (row) => <bdi>{row.x?.reason ?? ""}</bdi> },
  {
    name: "About",
    weight: 22,
    sort: about,
    cell: (row) => (
      <a href={about_href(row)} tabIndex={-1} title={about(row)}>
        {KINDS[kind_of(row.x?.kind ?? "")?.kind ?? ""]?.one ?? (row.x?.kind ?? "").toLowerCase()}{" "}
        <bdi>{row.x?.name ?? ""}</bdi>
      </a>
    ),
  },
  { name: "Message", weight: 38, sort: message, cell: (row) => <bdi title={message(row)}>{message(row)}</bdi> },
  { name: "Count", weight: 7, right: true, sort: (row) => row.x?.count ?? 1, cell: (row) => row.x?.count ?? 1 },
  { name: "Last seen", weight: 10, right: true, sort: (row) => -row.t, cell: (row) => <Age t={row.t} /> },
];
