// Quantities of Kubernetes ("100m", "64Mi") as numbers, and numbers as people read them.

const FACTOR: Record<string, number> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

// What cannot be read is 0.
export function quantity(text: string | number | undefined): number {
  if (typeof text === "number") return text;
  const match = /^([+-]?\d*\.?\d+)(?:[eE]([+-]?\d+))?([a-zA-Z]*)$/.exec(text?.trim() ?? "");
  const factor = match && FACTOR[match[3]!];
  return match && factor !== undefined && factor !== null ? Number(match[1]) * 10 ** Number(match[2] ?? 0) * factor : 0;
}

export function bytes_text(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function cores_text(cores: number): string {
  if (cores < 0.0095) return `${Math.round(cores * 1e4) / 10} m`;
  if (cores < 0.995) return `${Math.round(cores * 1000)} m`;
  return `${cores.toFixed(cores < 10 ? 2 : 1)} cores`;
}

export const percent_text = (part: number, whole: number): string =>
  whole > 0 ? `${Math.round((100 * part) / whole)}%` : "–";

// Seconds in words: "10 s", "2 min", "1 h 5 min".
export function duration_text(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}
