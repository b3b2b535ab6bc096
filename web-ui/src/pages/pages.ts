// The pages, in the order of the navigation. Each is a chunk of its own, loaded when it is first opened; the overview is
// part of the first screen.
import type { ComponentType } from "preact";

export interface Page {
  id: string; // the first part of the path
  title: string;
  key?: string; // g <key>
  nav: boolean; // stands in the navigation
  load: () => Promise<{ default: ComponentType }>;
}

export const PAGES: Page[] = [
  { id: "overview", title: "Overview", key: "o", nav: true, load: () => import("./overview") },
  { id: "workloads", title: "Workloads", key: "w", nav: true, load: () => import("./workloads") },
  { id: "pods", title: "Pods", key: "p", nav: true, load: () => import("./pods") },
  { id: "network", title: "Network", key: "n", nav: true, load: () => import("./network") },
  { id: "nodes", title: "Nodes", key: "m", nav: true, load: () => import("./nodes") },
  { id: "events", title: "Events", key: "e", nav: true, load: () => import("./events") },
  { id: "store", title: "Store", key: "s", nav: true, load: () => import("./store") },
  { id: "objects", title: "Objects", key: "c", nav: true, load: () => import("./objects") },
  { id: "join", title: "Add a machine", key: "a", nav: true, load: () => import("./join") },
  { id: "logs", title: "Logs", nav: false, load: () => import("./logs") },
  { id: "shell", title: "Shell", nav: false, load: () => import("./shell") },
  { id: "yaml", title: "YAML", nav: false, load: () => import("./yaml") },
];
