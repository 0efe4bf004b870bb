/** SIGUSR2: one upgrade at a time, logged, and followed by the end of this process where it worked. */
import type { StartedBalancer } from "../started-balancer.js";
import { describeFailure } from "./errors.js";
import type { Logger } from "./logger.js";
import type { ServiceNotifier } from "./service-notifier.js";
import { upgrade } from "./upgrade.js";

export interface Upgrader {
  /** Starts an upgrade, unless one runs or has worked. */
  start(): Promise<void>;
  /** Ends one that runs: this process stops. */
  abort(): void;
  /** Whether another process has taken this one's place. */
  isReplaced(): boolean;
}

export function createUpgrader(
  balancer: StartedBalancer,
  log: Logger,
  { env, notifier }: { readonly env: NodeJS.ProcessEnv; readonly notifier: ServiceNotifier },
): Upgrader {
  const aborting = new AbortController();
  let state: "idle" | "running" | "replaced" = "idle";
  return {
    async start() {
      if (state !== "idle") {
        log.warn(state === "running" ? "an upgrade is under way" : "another process has taken over already");
        return;
      }
      state = "running";
      log.info("upgrading: starting the new process");
      try {
        const pid = await upgrade(balancer, { env, signal: aborting.signal });
        state = "replaced";
        log.info({ newPid: pid }, "upgraded: the new process receives; this one delivers replies under way");
        notifier.replacedBy(pid);
        await balancer.close({
          rest: () =>
            log.info("resting: ports of flows that ended stay taken while replies to them may come"),
        });
      } catch (error) {
        state = "idle";
        for (const message of describeFailure(error).messages) log.error(message);
        log.error("upgrade failed: this process goes on");
      }
    },
    abort: () => aborting.abort(),
    isReplaced: () => state === "replaced",
  };
}
