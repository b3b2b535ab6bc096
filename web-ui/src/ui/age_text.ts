// A span of time as kubectl writes it: 59s, 119s, 3m12s, 12m, 3h5m, 12h, 2d4h, 12d, 3y12d.
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

export function age_text(seconds: number): string {
  const s = Math.floor(seconds);
  if (!Number.isFinite(s)) return "<unknown>";
  if (s < 0) return "0s"; // a clock that runs ahead
  const two = (big: number, small: number, unit: string, part: string) => {
    const rest = Math.floor((s % big) / small);
    return Math.floor(s / big) + unit + (rest ? rest + part : "");
  };
  if (s < 2 * MINUTE) return `${s}s`;
  if (s < 10 * MINUTE) return two(MINUTE, 1, "m", "s");
  if (s < 3 * HOUR) return `${Math.floor(s / MINUTE)}m`;
  if (s < 8 * HOUR) return two(HOUR, MINUTE, "h", "m");
  if (s < 2 * DAY) return `${Math.floor(s / HOUR)}h`;
  if (s < 8 * DAY) return two(DAY, HOUR, "d", "h");
  if (s < 2 * YEAR) return `${Math.floor(s / DAY)}d`;
  if (s < 8 * YEAR) return two(YEAR, DAY, "y", "d");
  return `${Math.floor(s / YEAR)}y`;
}
