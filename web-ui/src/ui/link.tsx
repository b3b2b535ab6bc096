// Where the page of an object is, and links to it. Every name of an object on a page is one of these.
import type { ComponentChildren } from "preact";
import { KINDS } from "../api/kinds";
import { href } from "../router";

type Query = Record<string, string | undefined>;

const place = (ns: string | undefined, name: string) => (ns ? [ns, name] : [name]);

export function object_href(kind: string, ns: string | undefined, name: string, query?: Query): string {
  switch (KINDS[kind]?.page) {
    case "pods":
      return href("pods", place(ns, name), query);
    case "workloads":
      return href("workloads", [kind, ...place(ns, name)], query);
    case "nodes":
      return href("nodes", [name], query);
  }
  if (kind === "services") return href("network", place(ns, name), query);
  return href("objects", [kind, ...place(ns, name)], query);
}

export function ObjectLink({
  kind,
  ns,
  name,
  children,
}: {
  kind: string;
  ns?: string;
  name: string;
  children?: ComponentChildren;
}) {
  return (
    <a class="object" href={object_href(kind, ns, name)}>
      {children ?? <bdi>{name}</bdi>}
    </a>
  );
}

export const logs_href = (ns: string, pod: string, query?: Query) => href("logs", ["pods", ns, pod], query);

// Of all pods of a workload, merged.
export const logs_href_of = (kind: string, ns: string, name: string, query?: Query) =>
  href("logs", [kind, ns, name], query);

export const shell_href = (ns: string, pod: string, query?: Query) => href("shell", [ns, pod], query);

export const yaml_href = (kind: string, ns: string | undefined, name: string, query?: Query) =>
  href("yaml", [kind, ...place(ns, name)], query);
