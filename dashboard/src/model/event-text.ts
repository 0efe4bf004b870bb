/** Events of the balancer in words. The data of an event is checked as it is read: an older or newer sluice may send more or less. */
import { plural, spaced } from "../format.js";
import { STATE_TONES, type Tone } from "./backend-state.js";
import type { LogEntry } from "./event-log.js";

export interface EventText {
  readonly text: string;
  /** How it should strike the eye. */
  readonly mark: "good" | "trouble" | "concern" | "plain";
}

export const EVENT_LABELS: Readonly<Record<LogEntry["type"], string>> = {
  listening: "Listening",
  reload: "Reload",
  reloadFailed: "Reload failed",
  discovery: "Discovery",
  warning: "Warning",
  backend: "Backend",
  operator: "Operator",
  missed: "Gap",
  restarted: "Restart",
};

export function describeEvent({ type, data }: LogEntry): EventText {
  switch (type) {
    case "backend":
      return describeBackend(data);
    case "operator":
      return { text: describeOperator(data), mark: "plain" };
    case "warning":
      return { text: `${spaced(text(data.code))}: ${text(data.message)}`, mark: "concern" };
    case "reloadFailed":
      return { text: `The running config stays. ${text(data.message)}`, mark: "trouble" };
    case "reload":
      return { text: `Config v${text(data.version)} is in force: ${describeChanges(data)}`, mark: "good" };
    case "discovery":
      return {
        text: `${text(data.source)} for ${text(data.pool)}: ${countChanges(data, "backend")}`,
        mark: "plain",
      };
    case "listening":
      return { text: `All listeners are open: ${namesOf(data.listeners)}`, mark: "good" };
    case "missed":
      return {
        text: `${text(data.missed ?? data.count ?? "Some")} events are no longer kept`,
        mark: "concern",
      };
    case "restarted":
      return { text: "sluice was started anew; events are numbered from the beginning", mark: "concern" };
  }
}

function describeBackend(data: Record<string, unknown>): EventText {
  const state = data.admin === "enabled" ? text(data.health) : text(data.admin);
  const weight = `weight ${text(data.weight)}`;
  const share =
    typeof data.share === "number" && data.share < 1 ? `, gets ${Math.round(data.share * 100)} %` : "";
  return {
    text: `${text(data.pool)}/${text(data.backend)} is ${state} (${weight}${share}): ${text(data.reason)}`,
    mark: markOf(state),
  };
}

function markOf(state: string): EventText["mark"] {
  if (state === "up") return "good";
  const tone = (STATE_TONES as Readonly<Record<string, Tone>>)[state];
  return tone === undefined ? "concern" : tone === "calm" ? "plain" : tone;
}

function describeOperator({ action, target, by, from, detail }: Record<string, unknown>): string {
  const what = [spaced(text(action)), text(target), text(detail)].filter((part) => part !== "").join(" ");
  return `${what}, by ${text(by)}${from ? ` from ${text(from)}` : ""}`;
}

/** `1 backend added, 2 changed; 1 listener removed`. */
export function describeChanges(data: Record<string, unknown>): string {
  const parts = (["listener", "pool", "backend"] as const)
    .map((kind) => countChanges(data[`${kind}s`], kind))
    .filter((part) => part !== "no change");
  return parts.length === 0 ? "nothing changed" : parts.join("; ");
}

function countChanges(changes: unknown, kind: string): string {
  const counts = (["added", "removed", "changed"] as const).flatMap((change) => {
    const names = (changes as Record<string, unknown> | undefined)?.[change];
    return Array.isArray(names) && names.length > 0 ? [[names.length, change] as const] : [];
  });
  if (counts.length === 0) return "no change";
  return counts
    .map(([count, change], at) => (at === 0 ? `${plural(count, kind)} ${change}` : `${count} ${change}`))
    .join(", ");
}

function namesOf(listeners: unknown): string {
  if (!Array.isArray(listeners)) return "";
  return listeners
    .map((one: { name?: unknown; address?: unknown }) => text(one.address ?? one.name))
    .join(", ");
}

function text(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}
