/** Waits with a time limit and a message that says what did not happen. */
import { setTimeout as delay } from "node:timers/promises";

/**
 * How long a wait may take that ends as soon as what it waits for is there. No measure of speed: far more than the busiest
 * machine needs, and less than the limit of a test file.
 */
export const DEADLINE_MS = 60_000;
const LOOK_EVERY_MS = 5;

/** The promise's value; rejects when it takes longer. */
export async function within<T>(promise: Promise<T>, what: string, timeoutMs = DEADLINE_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${timeoutMs} ms for ${what}`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Looks again and again until `check` no longer throws, and gives what it gives. Rejects with its last error when that
 * takes longer. For figures, which nothing announces.
 */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = DEADLINE_MS): Promise<T> {
  const untilMs = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > untilMs) throw error;
    }
    await delay(LOOK_EVERY_MS);
  }
}
