// The frames of docs/dashboard-stream.md, version 1.

export const SUBPROTOCOL = "v1.stream.appliance";

export type Cell = string | number | boolean | null;
export type Owner = [kind: string, name: string, uid: string];

export interface Row {
  u: string; // uid
  n: string; // name
  s?: string; // namespace
  t: number; // creation, Unix seconds; of an event: when it was last seen
  c: Cell[]; // in the order of the columns
  v?: 1 | 2; // 1: to be looked at, 2: broken
  w?: string; // why, in a sentence
  d?: boolean; // is being deleted
  o?: Owner; // its controller
  l?: Record<string, string>; // labels
  x?: Record<string, any>; // by kind: pkg/orchestrator/apiserver/live/extra.h
}

export interface Column {
  name: string;
  type: string;
  priority: number;
}

// What to subscribe to. Two equal queries share one subscription.
export interface Query {
  kind: string; // the plural: "pods"
  group?: string; // "" when absent
  ns?: string; // absent: all
  only?: "problems";
  owner?: string;
  node?: string;
  name?: string;
  about?: string;
}

export interface Usage {
  name: string;
  ns?: string;
  uid?: string;
  cpu?: number; // cores
  cores?: number;
  mem?: number; // bytes
  memTotal?: number;
  disk?: number;
  diskTotal?: number;
  error?: string;
}

export interface Status {
  kind?: "Status";
  code: number;
  reason?: string;
  message: string;
  details?: { causes?: { field?: string; message?: string; reason?: string }[] };
}

export interface Hello {
  version: number;
  build: string;
  user: string;
  groups: string[];
  node: string;
}

export interface ServerFrame {
  hello?: Hello;
  sub?: number;
  columns?: Column[];
  rows?: Row[];
  synced?: boolean;
  up?: Row[];
  del?: string[];
  rv?: number;
  total?: number;
  problems?: number;
  reset?: boolean;
  usage?: Usage[];
  error?: Status;
  end?: boolean;
}
