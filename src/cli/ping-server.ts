/** `sluice ping-server`: one of the lab's servers. */
import { once } from "node:events";
import { type Command, InvalidArgumentError } from "commander";
import { CLASSROOM_LOSS, type Loss, openPingServer } from "../lab/ping-server.js";
import { createSeededRandom } from "../lab/seeded-random.js";
import { MAX_PORT, wholeNumber } from "./arguments.js";
import { printable } from "./printable.js";
import { chooseSeed, MAX_SEED } from "./seed.js";

interface PingServerFlags {
  readonly port: number;
  readonly address: string;
  readonly loss: Loss;
  readonly seed?: number;
}

export function addPingServerCommand(program: Command): void {
  program
    .command("ping-server")
    .summary("answer messages in upper case, and some not at all")
    .description("Prints every message and answers it in upper case. Some get no answer, on purpose.")
    .option("--port <port>", "port to listen on; 0 takes any free one", wholeNumber(0, MAX_PORT), 2526)
    .option("--address <ip>", "address to listen on", "0.0.0.0")
    .option(
      "--loss <n/m>",
      "how many of how many messages get no answer (default: 4/11)",
      parseLoss,
      CLASSROOM_LOSS,
    )
    .option("--seed <number>", "makes the losses the same in every run", wholeNumber(0, MAX_SEED))
    .addHelpText("after", "\nExample:\n  sluice ping-server --port 2526 --loss 0/1")
    .action(runPingServer);
}

async function runPingServer(flags: PingServerFlags): Promise<void> {
  const { address, port, loss } = flags;
  const random = createSeededRandom(chooseSeed(flags.seed));
  const onMessage = ({ text }: { readonly text: string }): void => console.log(printable(text));
  const server = await openPingServer({ address, port, loss, random, onMessage });
  console.error(`listening on ${server.address}; ${loss.numerator} in ${loss.denominator} get no answer`);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  await server.close();
}

/** `4/11`: 4 of 11 are lost. */
function parseLoss(text: string): Loss {
  const match = /^(\d{1,9})\/([1-9]\d{0,8})$/.exec(text);
  const [numerator, denominator] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || numerator > denominator) {
    throw new InvalidArgumentError("expected how many of how many, such as 4/11; 0/1 loses none");
  }
  return { numerator, denominator };
}
