/**
 * Signals of the operating system, as `sluice run` takes them: stop, stop at once, reload, upgrade.
 */

export interface SignalActions {
  /** SIGINT or SIGTERM; `times` counts from 1. */
  onStop(signal: NodeJS.Signals, times: number): void;
  /** SIGHUP. */
  onReload(): void;
  /** SIGUSR2. */
  onUpgrade(): void;
}

export interface WatchedSignals {
  /** How many signals to stop have come. */
  stops(): number;
  /** Nothing is left to stop, reload or upgrade. A signal that comes while the process ends must not make it fail. */
  close(): void;
}

/** After this many signals to stop, something hangs, and the process ends whatever is still open. */
const PATIENCE = 3;

/** On Windows SIGHUP means that the console window is gone (Node's documentation of signal events), which is a stop. */
const STOP_SIGNALS: readonly NodeJS.Signals[] =
  process.platform === "win32" ? ["SIGINT", "SIGTERM", "SIGBREAK", "SIGHUP"] : ["SIGINT", "SIGTERM"];

export function watchSignals(actions: SignalActions): WatchedSignals {
  let stops = 0;
  let isClosed = false;
  const stop = (signal: NodeJS.Signals): void => {
    stops++;
    if (stops >= PATIENCE) process.exit(1);
    if (!isClosed) actions.onStop(signal, stops);
  };
  const reload = (): void => void (isClosed || actions.onReload());
  const upgrade = (): void => void (isClosed || actions.onUpgrade());
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  if (!STOP_SIGNALS.includes("SIGHUP")) process.on("SIGHUP", reload);
  if (process.platform !== "win32") process.on("SIGUSR2", upgrade);
  return {
    stops: () => stops,
    close() {
      isClosed = true;
    },
  };
}
