/** What a config asks for and does not get. */
import type { BalancerEvents } from "./api.js";
import type { Config } from "./config/config.js";
import type { Plane } from "./planes/plane.js";

/** @param before the one that was in force until now, or the same */
export function warningsOfLimits(
  config: Config,
  before: Config,
  plane: Plane,
): BalancerEvents["warning"][0][] {
  const warnings: BalancerEvents["warning"][0][] = [];
  const { maxFlows } = config.limits;
  if (maxFlows > plane.maxFlows) {
    const most = `${plane.maxFlows} with this process's limit of open files`;
    warnings.push({
      code: "max_flows",
      message: `limits.maxFlows is ${maxFlows}, but flows are limited to ${most}`,
    });
  }
  if (config.plane !== before.plane || config.workers !== before.workers) {
    warnings.push({
      code: "restart_needed",
      message: "plane and workers change only when sluice is started anew",
    });
  }
  return warnings;
}
