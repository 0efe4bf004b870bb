/**
 * sluice as a library, in a process of its own: `node sluice-program.js CONFIG [HOST,... PORT]`. With hosts its pool finds them by the name
 * `backends.test`. Over IPC what an operator may do, killed workers, and what that name says.
 */
import type { Drops } from "#src/api.js";
import { createBalancer } from "#src/balancer.js";
import type { ConfigInput } from "#src/config/config.js";
import type { PlaneFaults } from "#src/planes/plane.js";
import { FAULTS } from "#src/started-balancer.js";
import { answerMessages } from "../messages.js";
import { TinyNameServer } from "./tiny-name-server.js";

const config: ConfigInput = JSON.parse(process.argv[2]!);
const names = await TinyNameServer.open(process.argv[3]?.split(",") ?? []);
const balancer = await createBalancer(process.argv[3] === undefined ? config : byName(config));
const faults = (balancer as unknown as Record<symbol, PlaneFaults | undefined>)[FAULTS];
let nextWorker = 0;

answerMessages({
  drain: ({ backend }) => balancer.backends.drain(backend),
  reload: ({ config }) => balancer.reload(config),
  killWorker: () => faults!.crashWorker(nextWorker++ % faults!.workers),
  setNames: ({ hosts }) => {
    names.hosts = hosts;
  },
  drops: () => {
    const { drops, replyDrops } = balancer.stats();
    return { ...happened("", drops), ...happened("reply ", replyDrops) };
  },
  state: () => balancer.stats().backends.map(({ name, health, reason }) => `${name} ${health}: ${reason}`),
});

function byName({ pools = [], ...same }: ConfigInput): ConfigInput {
  const port = process.argv[4];
  const source = { dns: `backends.test:${port}`, resolvers: [names.address], minInterval: "1s" };
  return { ...same, pools: pools.map(({ backends, ...pool }) => ({ ...pool, discover: [source] })) };
}

function happened(prefix: string, drops: Drops): Record<string, number> {
  const entries = Object.entries(drops).filter(([, count]) => count > 0);
  return Object.fromEntries(entries.map(([reason, count]) => [`${prefix}${reason}`, count]));
}
