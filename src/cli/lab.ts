/** `sluice lab`: the smallest whole system, run once. */
import type { Command } from "commander";
import { LAB_PORT, LAB_REQUESTS, LAB_TIMEOUT_MS, runLab } from "../lab/lab.js";
import { MAX_PORT, wholeNumber } from "./arguments.js";
import { chooseSeed, MAX_SEED } from "./seed.js";

interface LabFlags {
  readonly requests: number;
  readonly timeout: number;
  readonly port: number;
  readonly seed?: number;
}

export function addLabCommand(program: Command): void {
  program
    .command("lab")
    .summary("a client, a balancer and three servers, on this machine")
    .description(
      "Starts three servers that lose some answers on purpose, a balancer in front of them, and a client; shows\n" +
        "where each request went and adds up what came back. Ends after a few seconds.",
    )
    .option("--requests <number>", "requests to send", wholeNumber(1, 100_000), LAB_REQUESTS)
    .option(
      "--timeout <ms>",
      "how long the client waits for an answer",
      wholeNumber(1, 60_000),
      LAB_TIMEOUT_MS,
    )
    .option(
      "--port <port>",
      "the balancer's port; the servers take the three after it",
      wholeNumber(0, MAX_PORT - 3),
      LAB_PORT,
    )
    .option("--seed <number>", "makes the losses the same in every run", wholeNumber(0, MAX_SEED))
    .addHelpText("after", "\nExample:\n  sluice lab --seed 1")
    .action(async (flags: LabFlags) => {
      const { createBalancer } = await import("../balancer.js");
      const seed = chooseSeed(flags.seed);
      await runLab({
        createBalancer,
        requests: flags.requests,
        timeoutMs: flags.timeout,
        port: flags.port,
        seed,
        onLine: (line) => console.log(line),
      });
      console.log(`seed ${seed}: for the same losses again, sluice lab --seed ${seed}`);
    });
}
