/** An event of the balancer as one line for people. */
import type { EventView } from "../../admin/schemas.js";
import { printable } from "../printable.js";
import { HEALTH_STYLES } from "./backend-state.js";
import { formatClock } from "./figures.js";
import type { Painter, Style } from "./style.js";

const STYLES: Readonly<Record<string, Style>> = {
  warning: "yellow",
  reloadFailed: "red",
  operator: "cyan",
  reload: "green",
};

/** Without the time: `warning  discovery: …`. */
export function describeEvent({ type, data }: EventView): string {
  return printable(`${type}: ${SENTENCES[type]?.(data) ?? formatFields(data)}`);
}

/** With the local time of day; `paint` colours the kind. */
export function formatEvent(event: EventView, paint: Painter): string {
  return `${formatClock(new Date(event.at))} ${paint(describeEvent(event), styleOf(event))}`;
}

export function styleOf({ type, data }: EventView): Style | undefined {
  return type === "backend" ? HEALTH_STYLES[String(data.health)] : STYLES[type];
}

type Data = EventView["data"];

/** What is left out of these is for programs. */
const SENTENCES: Readonly<Record<string, (data: Data) => string>> = {
  warning: ({ code, message }) => `${text(code)}: ${text(message)}`,
  listening: ({ listeners }) => list(listeners).map(nameAddress).join(", "),
  discovery: ({ pool, source, ...lists }) =>
    `pool ${text(pool)}: ${text(source)}${countChanges({ backends: lists })}`,
  reloadFailed: ({ message, ...rest }) => (message === undefined ? formatFields(rest) : text(message)),
  backend: ({ pool, backend, admin, health, reason }) =>
    `${text(pool)}/${text(backend)} is ${admin === "enabled" ? "" : `${text(admin)}, `}${text(health)}: ${text(reason)}`,
  operator: ({ action, target, by, from, detail }) =>
    [
      text(action),
      text(target),
      text(detail),
      `by ${text(by)}${text(from) === "" ? "" : ` from ${text(from)}`}`,
    ]
      .filter((part) => part !== "")
      .join(" "),
  reload: ({ version, ...lists }) => `config ${text(version)} is in force${countChanges(lists)}`,
};

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function nameAddress(listener: unknown): string {
  const { name, address } = Object(listener) as Data;
  return name === address ? text(address) : `${text(name)} on ${text(address)}`;
}

function countChanges(lists: Data): string {
  const parts = Object.entries(lists).flatMap(([kind, changes]) =>
    Object.entries(Object(changes)).flatMap(([how, names]) =>
      list(names).length > 0 ? [`${list(names).length} ${kind} ${how}`] : [],
    ),
  );
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}

function formatFields(data: Data): string {
  return Object.entries(data)
    .map(([key, value]) => `${key}=${text(value)}`)
    .join(" ");
}

function text(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
