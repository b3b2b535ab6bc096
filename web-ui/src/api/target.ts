// Which object something is done to. Verbs take a Target; its kind is the plural, as in paths.
import { KINDS } from "./kinds";
import { path_of } from "./request";

export interface Target {
  kind: string; // "deployments"
  group?: string; // absent: that of KINDS
  ns?: string;
  name: string;
}

export const group_of = (o: Target): string => o.group ?? KINDS[o.kind]?.group ?? "";

export const path_of_target = (o: Target, sub?: string): string =>
  path_of({ group: group_of(o), kind: o.kind, ns: o.ns, name: o.name, sub });

// As kubectl prints it: "deployment.apps/web" is more than people type, "deployment/web" is what they do.
export const one_of = (kind: string): string => KINDS[kind]?.one ?? kind;
