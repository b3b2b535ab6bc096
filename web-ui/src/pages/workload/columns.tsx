// What the lists of workloads show beside kubectl's columns: the images, without where they come from.
import type { Row } from "../../live/protocol";
import type { ExtraColumn } from "../../ui/table";
import { short_image } from "../model/rollout";

const images = (row: Row): string => (row.x?.images ?? []).map(short_image).join(", ");

export const IMAGE_COLUMN: ExtraColumn[] = [
  {
    name: "Image",
    weight: 20,
    sort: images,
    cell: (row) => <bdi title={(row.x?.images ?? []).join(", ")}>{images(row)}</bdi>,
  },
];
