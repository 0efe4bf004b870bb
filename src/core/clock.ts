/** Clock: time as it is handed in to what decides by it, so that a test can play hours in an instant. */

/** Ends a timer; does nothing when it is over already. */
export type Cancel = () => void;

export interface Clock {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Calls `run` once, after so many milliseconds. */
  after(ms: number, run: () => void): Cancel;
  /** Calls `run` again and again, every so many milliseconds. */
  every(ms: number, run: () => void): Cancel;
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
    every(ms, run) {
      const timer = setInterval(run, ms);
      timer.unref();
      return () => clearInterval(timer);
    },
    random: () => Math.random(),
  };
}
