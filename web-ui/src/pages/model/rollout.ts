// How far a workload is, from its row.
import type { Row } from "../../live/protocol";

export interface Replicas {
  wanted: number;
  ready: number;
  available: number;
  updated: number;
}

export const replicas_of = (row: Row): Replicas => ({
  wanted: row.x?.replicas ?? 0,
  ready: row.x?.ready ?? 0,
  available: row.x?.available ?? 0,
  updated: row.x?.updated ?? 0,
});

// One word for a list: where the rollout is.
export function rollout_word(kind: string, row: Row): string {
  const { wanted, available, updated } = replicas_of(row);
  if (row.d) return "Being deleted";
  if (row.x?.paused) return "Paused";
  if (wanted === 0) return "Scaled to 0";
  if (kind === "deployments" && updated < wanted) return `Updating, ${updated} of ${wanted}`;
  if (available < wanted) return `${available} of ${wanted} available`;
  return "Complete";
}

// "registry.example.com/shop/web:1.2" -> "web:1.2"
export const short_image = (image: string): string => image.split("@sha256:")[0]!.split("/").pop()!;
