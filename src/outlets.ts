/** Where a balancer says what happens: its events and warnings. They are there before it, for its plane's sake. */
import { EventEmitter } from "node:events";
import type { Clock } from "./core/clock.js";
import type { RefusalKind } from "./core/refusal-kind.js";
import { HeldWarnings } from "./held-warnings.js";
import { RateLimit } from "./rate-limit.js";

export interface Outlets {
  readonly events: EventEmitter;
  readonly warnings: HeldWarnings;
  /** At most one warning a second for each code. */
  readonly warn: (code: string, message: string) => void;
  /** A datagram did not get to a backend. The balancer sets it. */
  refused: (backendSlot: number, kind: RefusalKind) => void;
}

const WARNINGS_EVERY_MS = 1000;

export function createOutlets(clock: Clock): Outlets {
  const events = new EventEmitter();
  const warnings = new HeldWarnings((warning) => events.emit("warning", warning));
  const limit = new RateLimit(WARNINGS_EVERY_MS);
  const warn = (code: string, message: string) => {
    if (limit.allows(code, clock.now())) warnings.push({ code, message });
  };
  return { events, warnings, warn, refused: () => {} };
}
