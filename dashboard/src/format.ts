/** Figures as text for people: short, always in the same width class, and never "NaN". Missing figures are a dash. */

export const MISSING = "–";
/** Keeps a figure and its unit on one line. */
const SPACE = "\u202f";

export type Figure = number | null | undefined;

/** How many a second: `0`, `0.4`, `37`, `1,204`, `48.2k`, `1.25M`. */
export function formatRate(perSecond: Figure): string {
  if (!isFigure(perSecond)) return MISSING;
  if (perSecond > 0 && perSecond < 0.05) return "<0.1";
  if (perSecond < 10 && !Number.isInteger(perSecond)) return trimZero(perSecond.toFixed(1));
  return formatCount(perSecond);
}

/** A count: exact below 10,000, three digits above. */
export function formatCount(count: Figure): string {
  if (!isFigure(count)) return MISSING;
  const whole = Math.round(count);
  if (Math.abs(whole) < 10_000) return whole.toLocaleString("en-US");
  for (const [unit, suffix] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (Math.abs(whole) >= unit * 0.9995) return `${threeDigits(whole / unit)}${suffix}`;
  }
  return String(whole);
}

/** A count in full, for tables where people compare: `1,204,512`. */
export function formatExact(count: Figure): string {
  return isFigure(count) ? Math.round(count).toLocaleString("en-US") : MISSING;
}

/** A time that something took: `42 µs`, `1.2 ms`, `340 ms`, `1.4 s`. */
export function formatMs(ms: Figure): string {
  if (!isFigure(ms)) return MISSING;
  if (ms < 0.9995) return `${threeDigits(ms * 1000, 0)}${SPACE}µs`;
  if (ms < 999.5) return `${threeDigits(ms, 1)}${SPACE}ms`;
  return `${threeDigits(ms / 1000, 1)}${SPACE}s`;
}

/** How long something has been so: its one or two largest units, such as `3 h 12 min`. */
export function formatDuration(ms: Figure): string {
  if (!isFigure(ms)) return MISSING;
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${Math.max(0, seconds)}${SPACE}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return twoUnits(minutes, "min", seconds % 60, "s", minutes < 10);
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return twoUnits(hours, "h", minutes % 60, "min", true);
  return twoUnits(Math.floor(hours / 24), "d", hours % 24, "h", true);
}

/** Bytes in powers of 1024. */
export function formatBytes(bytes: Figure): string {
  if (!isFigure(bytes)) return MISSING;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : threeDigits(value)}${SPACE}${units[unit]}`;
}

/** A part of a whole, 0 to 1, in percent. What is not quite nothing or all does not look as if it were. */
export function formatPart(part: Figure): string {
  if (!isFigure(part)) return MISSING;
  if (part > 0 && part < 0.001) return `<0.1${SPACE}%`;
  if (part < 1 && part > 0.999) return `>99.9${SPACE}%`;
  return `${trimZero((part * 100).toFixed(1))}${SPACE}%`;
}

/** The local time of day of a moment, with seconds. */
export function formatTime(at: string | number | Date): string {
  return new Date(at).toLocaleTimeString("en-GB");
}

/** Date and time in local time. */
export function formatMoment(at: string | number | Date): string {
  const date = new Date(at);
  return `${date.toLocaleDateString("en-CA")} ${formatTime(date)}`;
}

/** `1 backend`, `3 backends`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** A drop reason or end as words: `no_backend` becomes `no backend`. */
export function spaced(name: string): string {
  return name.replaceAll("_", " ").replaceAll("-", " ");
}

function isFigure(value: Figure): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** Three digits where there are so many, at most `decimals` of them after the point. */
function threeDigits(value: number, decimals = 2): string {
  const whole = Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2;
  return value.toFixed(Math.min(whole, decimals));
}

function trimZero(text: string): string {
  return text.replace(/\.0+$/, "");
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string, both: boolean): string {
  const first = `${large}${SPACE}${largeUnit}`;
  return both && small > 0 ? `${first} ${small}${SPACE}${smallUnit}` : first;
}
