/**
 * The balancer of a soak, in a process of its own: `node soak-program.js CONFIG FOLDER`. Each line of input is a command; after each
 * it says its figures. Its first line says where it listens. After an upgrade another process of this program has its streams and
 * answers; what this one counted is in FOLDER once its ports have rested.
 */
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { Stats } from "#src/api.js";
import { startBalancer } from "#src/balancer.js";
import { findPredecessor } from "#src/cli/predecessor.js";
import { upgrade } from "#src/cli/upgrade.js";
import type { Config, ConfigInput } from "#src/config/config.js";
import { parseConfig } from "#src/config/parse-config.js";
import { InheritedSockets } from "#src/planes/inherited-sockets.js";
import type { PlaneFaults } from "#src/planes/plane.js";
import { FAULTS, type StartedBalancer } from "#src/started-balancer.js";
import { descriptors } from "../support/process-figures.js";

export type Command =
  | { readonly do: "figures" | "close" }
  | { readonly do: "reload" | "upgrade"; readonly config: ConfigInput }
  | { readonly do: "drain" | "enable"; readonly name: string }
  | { readonly do: "weight"; readonly name: string; readonly weight: number }
  | { readonly do: "crash"; readonly worker: number };

export interface Figures {
  readonly pid: number;
  readonly address: string;
  readonly stats: Stats;
  readonly descriptors: number;
  readonly descriptorsBefore: number;
  readonly warnings: readonly string[];
}

/** A file in FOLDER that says that the soak is over. */
const OVER = "over";

const signal = new AbortController().signal;
const descriptorsBefore = descriptors("self");
const folder = process.argv[3];
const warnings: string[] = [];
const predecessor = findPredecessor(process.env);
const balancer = await start(JSON.parse(process.argv[2]) as ConfigInput);
let isReplaced = false;
say();
for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line) as Command;
  if (command.do === "upgrade") isReplaced = await giveUpTo(command.config);
  else await obey(command);
  if (isReplaced) break;
  say();
}
// Another process has taken its place, or its parent is gone or done with it.
await balancer.close(isReplaced ? { rest() {} } : { graceMs: 0 });
if (isReplaced) writeFileSync(join(folder, `${process.pid}.json`), JSON.stringify(balancer.stats()));
// Node closes a child's streams when it ends, and they are the successor's by now.
while (isReplaced && existsSync(folder) && !existsSync(join(folder, OVER))) await delay(100);
process.exit(0);

async function start(config: ConfigInput): Promise<StartedBalancer> {
  const started = await startBalancer(await parse(config), {
    inherited: new InheritedSockets(predecessor?.sockets ?? []),
    receiving: predecessor === undefined,
  });
  started.on("warning", ({ code, message }) => warnings.push(`${code}: ${message}`));
  await predecessor?.takeOver(started, signal);
  return started;
}

/** Listeners keep the ports that they had in the process before. */
async function parse(config: ConfigInput): Promise<Config> {
  const given = { load: async () => ({ config: parseConfig(config), warnings: [] }) };
  return (await (predecessor?.keepPorts(given) ?? given).load()).config;
}

/** Two must not read the same commands, so this one stops first. False, with a warning, where the new process did not get that far. */
async function giveUpTo(config: ConfigInput): Promise<boolean> {
  process.stdin.pause();
  try {
    await upgrade(balancer, {
      env: process.env,
      signal,
      command: [process.argv[1], JSON.stringify(config), folder],
    });
    return true;
  } catch (error) {
    warnings.push(`upgrade: ${(error as Error).message}`);
    process.stdin.resume();
    return false;
  }
}

function say(): void {
  const [{ address }] = balancer.listeners;
  const figures: Figures = {
    ...{ pid: process.pid, address, stats: balancer.stats() },
    ...{ descriptors: descriptors("self"), descriptorsBefore, warnings },
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

async function obey(command: Exclude<Command, { do: "upgrade" }>): Promise<void> {
  switch (command.do) {
    case "reload":
      await balancer.reload(await parse(command.config));
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
