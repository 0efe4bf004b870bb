/** Ctrl-C as an AbortSignal, for commands that run until somebody stops them. */

export interface StopSignal {
  readonly signal: AbortSignal;
  /** Gives the signals back their usual meaning. */
  close(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The first signal aborts; a second one ends the process, should something hang. */
export function abortOnStop(): StopSignal {
  const controller = new AbortController();
  const stop = (): void => {
    close();
    controller.abort();
  };
  const close = (): void => {
    for (const name of SIGNALS) process.off(name, stop);
  };
  for (const name of SIGNALS) process.on(name, stop);
  return { signal: controller.signal, close };
}
