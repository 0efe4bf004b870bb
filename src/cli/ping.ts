/** `sluice ping`: the lab's client. */
import type { Command } from "commander";
import { runPing } from "../lab/ping-client.js";
import { MAX_PORT, wholeNumber } from "./arguments.js";
import { printable } from "./printable.js";

export function addPingCommand(program: Command): void {
  program
    .command("ping")
    .summary("send ten numbered messages and show the answers")
    .description(
      "Sends ten messages one after another, waits up to a second for each answer, and prints what came.",
    )
    .argument("<host>", "server address or name")
    .argument("<port>", "server port", wholeNumber(1, MAX_PORT))
    .addHelpText("after", "\nExample:\n  sluice ping 127.0.0.1 2525")
    .action(async (host: string, port: number) => {
      await runPing({ host, port, onLine: (line) => console.log(printable(line)) });
    });
}
