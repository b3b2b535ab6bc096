// What the lists of workloads show beside kubectl's columns.
import type { Row } from "../../live/protocol";
import { StatusMark } from "../../ui/status";
import type { ExtraColumn } from "../../ui/table";
import { rollout_word } from "../model/rollout";

const images = (row: Row): string => (row.x?.images ?? []).join(", ");

const columns_of = (kind: string): ExtraColumn[] => [
  {
    name: "Rollout",
    cell: (row) => <StatusMark severity={row.v ?? 0} word={rollout_word(kind, row)} />,
    sort: (row) => rollout_word(kind, row),
  },
  { name: "Image", cell: (row) => <bdi>{images(row)}</bdi>, sort: images },
];

export const DEPLOYMENT_COLUMNS = columns_of("deployments");
export const SET_COLUMNS = columns_of("replicasets");
