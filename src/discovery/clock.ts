/** Time as discovery sees it: handed in, so that a test can play hours in an instant. */

export interface Clock {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Calls `run` once, after so many milliseconds; what it returns cancels that. */
  after(ms: number, run: () => void): () => void;
  /** From 0 to below 1, for jitter. */
  random(): number;
}

/** The machine's own. Its timers keep no process alive. */
export function createSystemClock(): Clock {
  return {
    now: () => performance.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      timer.unref();
      return () => clearTimeout(timer);
    },
    random: () => Math.random(),
  };
}
