// The icons, drawn in strokes on a grid of 16. They stand beside words or in labelled buttons: never read out.
const PATHS = {
  overview: "M2 2h5v7H2zM9 2h5v4H9zM9 8h5v6H9zM2 11h5v3H2z",
  workloads: "M8 1.5 14 5v6l-6 3.5L2 11V5zM2 5l6 3.5L14 5M8 8.5v6",
  pods: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  network: "M8 2.5v4M4 13.5v-3h8v3M8 6.500v4M6.500 1.500h3v2h-3zM2.500 12.500h3v2h-3zM10.500 12.500h3v2h-3z",
  nodes: "M2 2.500h12v4.500H2zM2 9h12v4.500H2zM4.500 4.750h.01M4.500 11.250h.01",
  events: "M2 8h2.500l2-5.500 3 11 2-5.500H14",
  store: "M2.500 4c0-3 11-3 11 0v8c0 3-11 3-11 0zM2.500 4c0 3 11 3 11 0M2.500 8c0 3 11 3 11 0",
  objects: "M2 3h12M2 8h12M2 13h12",
  join: "M8 2v12M2 8h12",
  search: "M7 2a5 5 0 1 0 0 10A5 5 0 0 0 7 2zM10.500 10.500 14 14",
  close: "M3.500 3.500l9 9M12.500 3.500l-9 9",
  copy: "M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3",
  check: "M2.500 8.500l3.500 3.500 7.500-8",
  more: "M3 8h.01M8 8h.01M13 8h.01",
  sun: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
  moon: "M13.500 9.500A6 6 0 1 1 6.500 2.500a5 5 0 0 0 7 7z",
  system: "M2 2.500h12v8H2zM8 10.500v3M5 13.500h6",
  sort_up: "M4.500 9.500 8 6l3.500 3.500",
  sort_down: "M4.500 6.500 8 10l3.500-3.500",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

export const is_icon = (name: string): name is IconName => name in PATHS;
