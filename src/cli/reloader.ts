/**
 * Reading the config again while the balancer runs. Whatever goes wrong is logged and the running config stays.
 */
import type { Balancer, Changes, ReloadResult } from "../api.js";
import { logWarnings } from "./announce.js";
import { describeFailure } from "./errors.js";
import type { Logger } from "./logger.js";
import type { ConfigSource } from "./run-flags.js";

/** Whoever wants to know when a reload begins and ends, whatever comes of it. */
export interface ReloadWatcher {
  reloading(): void;
  reloaded(): void;
  /** The running config stays, and what a reload does besides is still due. */
  refused?(): void;
}

const NOBODY: ReloadWatcher = { reloading() {}, reloaded() {} };

/**
 * A function that starts a reload. One runs at a time: asked again meanwhile, it reads the file once more afterwards,
 * so that what was written last is in force in the end.
 */
export function createReloader(
  balancer: Pick<Balancer, "reload">,
  source: ConfigSource,
  log: Logger,
  watcher: ReloadWatcher = NOBODY,
): () => Promise<void> {
  let isRunning = false;
  let isAskedAgain = false;
  return async () => {
    isAskedAgain = isRunning;
    if (isRunning) return;
    isRunning = true;
    do {
      isAskedAgain = false;
      watcher.reloading();
      if (!(await reloadOnce(balancer, source, log))) watcher.refused?.();
      watcher.reloaded();
    } while (isAskedAgain);
    isRunning = false;
  };
}

/** Whether the config was put in force. */
async function reloadOnce(
  balancer: Pick<Balancer, "reload">,
  source: ConfigSource,
  log: Logger,
): Promise<boolean> {
  if (source.file === undefined) {
    log.warn("nothing to reload: flags describe the config, not a file");
    return false;
  }
  try {
    const { config, warnings } = await source.load();
    logWarnings(log, warnings);
    const result = await balancer.reload(config);
    log.info({ file: source.file, version: result.version, ...listChanges(result) }, "reloaded");
    return true;
  } catch (error) {
    const { messages, problems, stack } = describeFailure(error);
    for (const [index, message] of messages.entries()) log.error({ problem: problems?.[index] }, message);
    const hidden = log.isLevelEnabled("debug") ? { stack } : {};
    log.error({ file: source.file, ...hidden }, "reload refused: the running config stays in force");
    return false;
  }
}

/** The lists that are not empty. */
function listChanges({
  listeners,
  pools,
  backends,
}: ReloadResult): Readonly<Record<string, Partial<Changes>>> {
  const changes = Object.entries({ listeners, pools, backends }).map(([kind, lists]) => {
    const { added, removed, changed } = lists;
    return [
      kind,
      Object.fromEntries(Object.entries({ added, removed, changed }).filter(([, names]) => names.length > 0)),
    ];
  });
  return Object.fromEntries(changes.filter(([, lists]) => Object.keys(lists as object).length > 0));
}
