/**
 * The balancer of a soak, in a process of its own: `node soak-program.js CONFIG`. Each line of input is a command; after each it
 * says its figures. Its first line says where it listens.
 */
import { createInterface } from "node:readline";
import type { Stats } from "#src/api.js";
import { createBalancer } from "#src/balancer.js";
import type { ConfigInput } from "#src/config/config.js";
import type { PlaneFaults } from "#src/planes/plane.js";
import { FAULTS } from "#src/started-balancer.js";
import { descriptors } from "../support/process-figures.js";

export type Command =
  | { readonly do: "figures" | "close" }
  | { readonly do: "reload"; readonly config: ConfigInput }
  | { readonly do: "drain" | "enable"; readonly name: string }
  | { readonly do: "weight"; readonly name: string; readonly weight: number }
  | { readonly do: "crash"; readonly worker: number };

export interface Figures {
  readonly address: string;
  readonly stats: Stats;
  readonly descriptors: number;
  readonly descriptorsBefore: number;
  readonly warnings: readonly string[];
}

const descriptorsBefore = descriptors("self");
const balancer = await createBalancer(JSON.parse(process.argv[2]) as ConfigInput);
const warnings: string[] = [];
balancer.on("warning", ({ code, message }) => warnings.push(`${code}: ${message}`));
say();
for await (const line of createInterface({ input: process.stdin })) {
  await obey(JSON.parse(line) as Command);
  say();
}
// Its parent is gone, or done with it.
await balancer.close({ graceMs: 0 });

function say(): void {
  const [{ address }] = balancer.listeners;
  const stats = balancer.stats();
  const figures: Figures = { address, stats, descriptors: descriptors("self"), descriptorsBefore, warnings };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

async function obey(command: Command): Promise<void> {
  switch (command.do) {
    case "reload":
      await balancer.reload(command.config);
      break;
    case "drain":
    case "enable":
      balancer.backends[command.do](command.name);
      break;
    case "weight":
      balancer.backends.weight(command.name, command.weight);
      break;
    case "crash": {
      const faults = (balancer as unknown as Record<symbol, PlaneFaults | undefined>)[FAULTS];
      if (faults) faults.crashWorker(command.worker % faults.workers);
      break;
    }
    case "close":
      await balancer.close({ graceMs: 0 });
      break;
    case "figures":
      break;
  }
}
