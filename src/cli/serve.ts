/**
 * The life of `sluice run`: start, announce, reload on SIGHUP or when the file changes, summarise, stop. Everything that it learns goes to the
 * log; what stops it before its time is thrown.
 */
import type { Balancer } from "../api.js";
import { createBalancer } from "../balancer.js";
import { SluiceError } from "../core/errors.js";
import { createSystemClock } from "../discovery/clock.js";
import { type FileWatch, watchFile } from "../discovery/watch-file.js";
import { logEvents, logReady, logWarnings } from "./announce.js";
import type { Logger } from "./logger.js";
import { createReloader } from "./reloader.js";
import type { ConfigSource } from "./run-flags.js";
import { watchSignals } from "./signals.js";
import { startSummaries } from "./summary-timer.js";

/** Resolves when a signal has stopped the balancer; rejects when it cannot start or ends by itself. */
export async function serve(source: ConfigSource, log: Logger): Promise<void> {
  const starting = new AbortController();
  let balancer: Balancer | undefined;
  let reload = (): void => log.warn("not started yet: nothing to reload");
  let failClose: (error: unknown) => void = () => {};
  let hasChanged = false;
  const watch = openWatch(source, () => {
    if (balancer === undefined) hasChanged = true;
    else reload();
  });
  const signals = watchSignals({
    onStop(signal, times) {
      log.info({ signal }, times === 1 ? "stopping" : "stopping at once");
      if (balancer === undefined) starting.abort();
      else balancer.close(times === 1 ? {} : { graceMs: 0 }).catch((error) => failClose(error));
    },
    onReload: () => reload(),
  });
  try {
    const { config, warnings } = await source.load();
    logWarnings(log, warnings);
    balancer = await createBalancer(config, { signal: starting.signal });
    const running = balancer;
    const closed = new Promise<void>((resolve, reject) => {
      running.on("close", resolve);
      failClose = reject;
    });
    logEvents(log, running);
    reload = createReloader(running, source, log);
    logReady(log, running, config);
    if (hasChanged) reload();
    const stopSummaries = startSummaries(running, log);
    await closed.finally(stopSummaries);
    if (signals.stops() === 0) throw new SluiceError("CLOSED", "the balancer closed by itself");
    log.info("stopped");
  } catch (error) {
    if (!starting.signal.aborted) throw error;
    log.info("stopped before it was ready");
  } finally {
    watch?.close();
    signals.close();
  }
}

/** Opened before the file is read for the first time, so that no change falls in between. */
function openWatch({ file, watch }: ConfigSource, onChange: () => void): FileWatch | undefined {
  return file !== undefined && watch ? watchFile(file, onChange, createSystemClock()) : undefined;
}
