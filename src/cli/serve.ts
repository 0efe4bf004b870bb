/**
 * The life of `sluice run`: start, announce, reload on SIGHUP or when the file changes, upgrade on SIGUSR2, summarise, stop.
 * Everything that it learns goes to the log; what stops it before its time is thrown.
 */
import type { Actor, Balancer, ReloadResult } from "../api.js";
import { startBalancer } from "../balancer.js";
import { createSystemClock } from "../core/clock.js";
import { SluiceError } from "../core/errors.js";
import { type FileWatch, watchFile } from "../discovery/watch-file.js";
import { InheritedSockets } from "../planes/inherited-sockets.js";
import { GIVE_LOGS, REOPEN_LOGS, type StartedBalancer } from "../started-balancer.js";
import { logEvents, logReady, logWarnings } from "./announce.js";
import { warnOfFlowLog } from "./flow-log-access.js";
import type { Logger } from "./logger.js";
import { startReaping } from "./orphan-reaper.js";
import { findPredecessor } from "./predecessor.js";
import { dropPrivileges, type UserFlag } from "./privileges.js";
import { createReloader } from "./reloader.js";
import type { ConfigSource } from "./run-flags.js";
import { createServiceNotifier } from "./service-notifier.js";
import { watchSignals } from "./signals.js";
import { findActivatedSockets, listInherited } from "./socket-activation.js";
import { startSummaries } from "./summary-timer.js";
import { createUpgrader, type Upgrader } from "./upgrader.js";

export interface ServeOptions {
  /** Of the process: what a service manager, or the sluice before, says. */
  readonly env: NodeJS.ProcessEnv;
  /** Who to become once the listeners are open. */
  readonly user?: UserFlag | undefined;
}

/** Resolves when a signal has stopped the balancer; rejects when it cannot start or ends by itself. */
export async function serve(source: ConfigSource, log: Logger, options: ServeOptions): Promise<void> {
  const notifier = await createServiceNotifier(options.env, log);
  const starting = new AbortController();
  let balancer: Balancer | undefined;
  let upgrader: Upgrader | undefined;
  let reload = (): void => log.warn("not started yet: nothing to reload");
  let failClose: (error: unknown) => void = () => {};
  let hasChanged = false;
  const watch = openWatch(source, () => {
    if (balancer === undefined) hasChanged = true;
    else reload();
  });
  const stopReaping = startReaping({ clock: createSystemClock(), warn: (message) => log.warn(message) });
  const signals = watchSignals({
    onStop(signal, times) {
      log.info({ signal }, times === 1 ? "stopping" : "stopping at once");
      if (!upgrader?.isReplaced()) notifier.stopping();
      upgrader?.abort();
      if (balancer === undefined) starting.abort();
      else balancer.close(times === 1 ? {} : { graceMs: 0 }).catch((error) => failClose(error));
    },
    onReload: () => reload(),
    onUpgrade: () => void (upgrader?.start() ?? log.warn("not started yet: nothing to upgrade")),
  });
  try {
    const { running, source: kept } = await start(source, log, options, starting.signal);
    balancer = running;
    const closed = new Promise<void>((resolve, reject) => {
      running.on("close", resolve);
      failClose = reject;
    });
    logEvents(log, running);
    const tellReady = () => notifier.ready(describeServing(running));
    // A file that was rotated away is let go of also when the config cannot be read.
    const refused = () => running[REOPEN_LOGS]();
    reload = createReloader(running, kept, log, {
      reloading: notifier.reloading,
      reloaded: tellReady,
      refused,
    });
    upgrader = createUpgrader(running, log, { env: options.env, notifier });
    tellReady();
    if (hasChanged) reload();
    const stopSummaries = startSummaries(running, log);
    await closed.finally(stopSummaries);
    if (signals.stops() === 0 && !upgrader.isReplaced()) {
      throw new SluiceError("CLOSED", "the balancer closed by itself");
    }
    log.info("stopped");
  } catch (error) {
    if (!starting.signal.aborted) throw error;
    log.info("stopped before it was ready");
  } finally {
    watch?.close();
    stopReaping();
    signals.close();
    notifier.close();
  }
}

/** From the config to a balancer that receives; whatever fails on the way leaves nothing open. */
async function start(
  source: ConfigSource,
  log: Logger,
  { env, user }: ServeOptions,
  signal: AbortSignal,
): Promise<{ running: StartedBalancer; source: ConfigSource }> {
  const predecessor = findPredecessor(env);
  const kept = predecessor?.keepPorts(source) ?? source;
  const { config, warnings } = await kept.load();
  logWarnings(log, warnings);
  const inherited = new InheritedSockets(
    predecessor?.sockets ?? listInherited(findActivatedSockets(env), log),
  );
  const receiving = predecessor === undefined;
  let started: StartedBalancer | undefined;
  const reloadFile = (actor: Actor) => reloadFor(actor, started, kept, log);
  const running = await startBalancer(config, {
    ...{ signal, env, inherited, receiving },
    ...(predecessor && { inheritedAdmin: predecessor.adminSockets }),
    ...(kept.file !== undefined && { reloadFile }),
  });
  started = running;
  try {
    for (const address of inherited.addresses)
      log.warn({ address }, "no listener has the passed socket's address");
    if (user !== undefined) {
      await dropPrivileges(user, (...ids) => running[GIVE_LOGS](...ids));
      warnOfFlowLog(config, user, log);
    }
    await predecessor?.takeOver(running, signal);
    logReady(log, running, config);
    if (running.adminAddresses.length > 0) log.info({ admin: running.adminAddresses }, "admin API open");
    return { running, source: kept };
  } catch (error) {
    await running.close({ graceMs: 0 });
    throw error;
  }
}

/** A reload that somebody asks the admin API for, and hears the result of. */
async function reloadFor(
  actor: Actor,
  balancer: Balancer | undefined,
  source: ConfigSource,
  log: Logger,
): Promise<ReloadResult> {
  if (balancer === undefined) throw new SluiceError("CLOSED", "not started yet: nothing to reload");
  const { config, warnings } = await source.load();
  logWarnings(log, warnings);
  return balancer.reload(config, actor);
}

/** Opened before the file is read for the first time, so that no change falls in between. */
function openWatch({ file, watch }: ConfigSource, onChange: () => void): FileWatch | undefined {
  return file !== undefined && watch ? watchFile(file, onChange, createSystemClock()) : undefined;
}

function describeServing({ listeners, plane }: Balancer): string {
  return `serving ${listeners.map(({ address }) => address).join(", ")} on the ${plane} plane`;
}
