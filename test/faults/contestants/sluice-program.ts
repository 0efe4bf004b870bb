/** sluice as a library, in a process of its own: `node sluice-program.js CONFIG`. Over IPC what an operator may do, and killed workers. */
import type { Drops } from "#src/api.js";
import { createBalancer, FAULTS } from "#src/balancer.js";
import type { PlaneFaults } from "#src/planes/plane.js";
import { answerMessages } from "../messages.js";

const balancer = await createBalancer(JSON.parse(process.argv[2]!));
const faults = (balancer as unknown as Record<symbol, PlaneFaults | undefined>)[FAULTS];
let nextWorker = 0;

answerMessages({
  drain: ({ backend }) => balancer.backends.drain(backend),
  reload: ({ config }) => balancer.reload(config),
  killWorker: () => faults!.crashWorker(nextWorker++ % faults!.workers),
  drops: () => {
    const { drops, replyDrops } = balancer.stats();
    return { ...happened("", drops), ...happened("reply ", replyDrops) };
  },
  state: () => balancer.stats().backends.map(({ name, health, reason }) => `${name} ${health}: ${reason}`),
});

function happened(prefix: string, drops: Drops): Record<string, number> {
  const entries = Object.entries(drops).filter(([, count]) => count > 0);
  return Object.fromEntries(entries.map(([reason, count]) => [`${prefix}${reason}`, count]));
}
