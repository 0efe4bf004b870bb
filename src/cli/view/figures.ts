/** Numbers as people read them: short, with a unit, `-` where there is none. */

const KILO = ["", "k", "M", "G", "T", "P"];
const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const DAY_S = 86_400;

/** `9999`, `12.3k`, `4.57M`. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return "-";
  if (Math.abs(count) < 10_000) return String(Math.round(count));
  return scale(count, 1000, KILO);
}

/** `12.3 KiB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return "-";
  if (Math.abs(bytes) < 1024) return `${Math.round(bytes)} B`;
  const [, figure, unit] = /^([\d.-]+)(.*)$/.exec(scale(bytes, 1024, BINARY)) as unknown as [
    string,
    string,
    string,
  ];
  return `${figure} ${unit}`;
}

/** A time that passes while one waits: `0.12ms`, `3.4ms`, `120ms`, `2.5s`. */
export function formatMs(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return "-";
  if (ms < 1000) return `${significant(ms)}ms`;
  return `${significant(ms / 1000)}s`;
}

/** A time since something: `5s`, `3m12s`, `2h05m`, `4d03h`. */
export function formatAge(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return "-";
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(Math.floor(n)).padStart(2, "0");
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${two(s % 60)}s`;
  if (s < DAY_S) return `${Math.floor(s / 3600)}h${two((s % 3600) / 60)}m`;
  return `${Math.floor(s / DAY_S)}d${two((s % DAY_S) / 3600)}h`;
}

/** A part of 1: `12.5 %`, `100 %`. */
export function formatPart(part: number | null | undefined): string {
  if (part === null || part === undefined || !Number.isFinite(part)) return "-";
  const percent = part * 100;
  return `${percent === 0 || percent === 100 ? percent : percent.toFixed(percent < 0.1 ? 2 : 1)} %`;
}

/** The time of day of a moment, local: `14:03:07`. */
export function formatClock(moment: Date): string {
  if (Number.isNaN(moment.getTime())) return "-";
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`;
}

/** `1 flow`, `2 flows`. */
export function plural(count: number, word: string): string {
  return `${formatCount(count)} ${word}${count === 1 ? "" : "s"}`;
}

function scale(value: number, base: number, units: readonly string[]): string {
  let power = 0;
  let rest = value;
  // From 999.5 on, three digits would round up to the next unit.
  while (Math.abs(rest) >= base * 0.9995 && power < units.length - 1) {
    rest /= base;
    power++;
  }
  return `${significant(rest)}${units[power]}`;
}

/** Three digits where there is a fraction to show. */
function significant(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || value === 0) return String(Math.round(value));
  return value.toFixed(size >= 10 ? 1 : 2).replace(/\.0+$/, "");
}
