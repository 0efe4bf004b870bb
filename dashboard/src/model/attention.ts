/** What a person should look at, the worst first, in words that say what is the case and where to go. */

import type { BackendView } from "../api/views.js";
import { formatPart, formatRate, plural, spaced } from "../format.js";
import { type BackendState, fullName, STATE_LABELS, STATE_TONES, STATES, stateOf } from "./backend-state.js";
import { type Rates, type Reading, total } from "./rates.js";
import { backendHref, hrefOf } from "./route.js";

export interface Attention {
  readonly id: string;
  readonly tone: "trouble" | "concern";
  readonly title: string;
  readonly text: string;
  readonly href: string;
}

/** Draining is somebody's wish. */
const TOLD = STATES.filter((state) => STATE_TONES[state] !== "calm" && state !== "draining");
/** More backends in one state in a pool than this are told together. */
const MOST_NAMED = 3;
/** A warning of the log is of interest for so long. */
const WARNING_MS = 10 * 60_000;
const MOST_WARNINGS = 3;
const NEARLY_FULL = 0.9;

export function findAttention(reading: Reading, rates: Rates): Attention[] {
  const found = [
    ...pools(reading),
    ...backends(reading),
    ...drops(rates),
    ...machinery(reading),
    ...warnings(reading),
  ];
  return [
    ...found.filter(({ tone }) => tone === "trouble"),
    ...found.filter(({ tone }) => tone === "concern"),
  ];
}

function pools({ pools: all, listeners }: Reading): Attention[] {
  const used = new Set(listeners.map(({ pool }) => pool));
  return all
    .filter(({ name, states }) => states.up === 0 && states.untried === 0 && used.has(name))
    .map(({ name, total: count, failOpen }) => ({
      id: `pool ${name}`,
      tone: "trouble",
      title: `No backend of ${name} is up`,
      text:
        count === 0
          ? "The pool has no backends."
          : failOpen
            ? "Traffic goes to backends that fail (failOpen)."
            : "Requests are dropped, or go to the last one, which fails.",
      href: hrefOf("backends", [], { pool: name }),
    }));
}

function backends({ backends: all }: Reading): Attention[] {
  const names = [...new Set(all.map(({ pool }) => pool))];
  return names.flatMap((pool) => {
    const own = all.filter((backend) => backend.pool === pool);
    return TOLD.flatMap((state) => inState(pool, own, state));
  });
}

function inState(pool: string, own: readonly BackendView[], state: BackendState): Attention[] {
  const backends = own.filter((backend) => stateOf(backend) === state);
  const tone = STATE_TONES[state] === "trouble" ? "trouble" : "concern";
  const what = STATE_LABELS[state].toLowerCase();
  if (backends.length > MOST_NAMED) {
    const href = hrefOf("backends", [], { pool, state });
    const title = `${plural(backends.length, "backend")} of ${pool} are ${what}`;
    return [{ id: `${state} ${pool}`, tone, title, text: backends[0].reason, href }];
  }
  return backends.map((backend) => ({
    id: `${state} ${fullName(backend)}`,
    tone,
    title: `${fullName(backend)} is ${what}`,
    text: backend.reason,
    href: backendHref(backend),
  }));
}

function drops({ drops: requests, replyDrops }: Rates): Attention[] {
  // Late replies in small numbers are a matter of course.
  const rate = total(requests) + total(replyDrops) - (replyDrops.get("late_reply") ?? 0);
  if (rate <= 0) return [];
  const reasons = [...requests, ...replyDrops].sort((a, b) => b[1] - a[1]);
  const text = reasons
    .slice(0, 3)
    .map(([reason, perSecond]) => `${spaced(reason)} ${formatRate(perSecond)}/s`);
  return [
    {
      id: "drops",
      tone: "concern",
      title: "Datagrams are dropped",
      text: text.join(", "),
      href: hrefOf("drops"),
    },
  ];
}

function machinery({ status }: Reading): Attention[] {
  const found: Attention[] = status.sources
    .filter(({ state }) => state === "failing")
    .map(({ pool, source, lastError }) => ({
      id: `source ${pool} ${source}`,
      tone: "concern",
      title: `${source} does not answer`,
      text: `${pool} keeps the backends it had. ${lastError ?? ""}`,
      href: hrefOf("backends", [], { pool }),
    }));
  for (const { index, state } of status.workers) {
    if (state !== "restarting") continue;
    const text = "Its flows begin anew with their next requests.";
    found.push({
      id: `worker ${index}`,
      tone: "trouble",
      title: `Worker ${index} is starting again`,
      text,
      href: hrefOf("events"),
    });
  }
  if (!status.ready) {
    found.push({
      id: "ready",
      tone: "concern",
      title: "Not ready yet",
      text: status.awaiting.join("; "),
      href: hrefOf("events"),
    });
  }
  const fill = status.flows.active / status.flows.max;
  if (fill >= NEARLY_FULL) {
    const text = `${formatPart(fill)} of limits.maxFlows are in use.`;
    found.push({
      id: "full",
      tone: "concern",
      title: "The flow table is nearly full",
      text,
      href: hrefOf("flows"),
    });
  }
  return found;
}

function warnings({ status, atMs }: Reading): Attention[] {
  return status.warnings
    .filter(({ at }) => atMs - Date.parse(at) < WARNING_MS)
    .slice(-MOST_WARNINGS)
    .reverse()
    .map(({ code, message, at }) => ({
      id: `warning ${at} ${code}`,
      tone: "concern",
      title: `Warning: ${spaced(code)}`,
      text: message,
      href: hrefOf("events", [], { type: "warning" }),
    }));
}
