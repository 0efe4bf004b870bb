/** `sluice run`: its arguments, flags and help. What it does is in `run-balancer.ts`, loaded when it runs. */
import { type Command, Option } from "commander";
import { PLANE_CHOICES } from "../config/config.js";
import { parseBackendFlag } from "../config/short-form.js";
import { parseDuration } from "../config/units.js";
import { POLICIES } from "../core/snapshot.js";
import { parseAdminFlag } from "./admin-flag.js";
import { checked, collect, wholeNumber, wholeNumberOrAuto } from "./arguments.js";
import { LOG_FORMATS, LOG_LEVELS } from "./log-choices.js";
import { parseUser } from "./privileges.js";
import type { RunFlags } from "./run-flags.js";

const EXAMPLES = `
Examples:
  sluice run --listen 0.0.0.0:53 --backend 192.0.2.1:53 --backend 192.0.2.2:53,weight=2
  sluice run --listen [::]:27015 --backend [2001:db8::1]:27015 --affinity client --policy least-flows
  sluice run --config /etc/sluice.yaml --watch --log-format json
  sluice run --config /etc/sluice.yaml --admin 127.0.0.1:9901

Signals:
  SIGTERM, SIGINT  stop: keep forwarding for the grace period, then exit 0; a second one stops at once
  SIGHUP           read the config file again and put it in force without losing a datagram
  SIGUSR2          start the program anew on the same sockets and give over to it without losing a datagram`;

const MAX_COUNT = 1_000_000;
const MAX_WORKERS = 64;

export function addRunCommand(program: Command): void {
  const command = program
    .command("run")
    .summary("run the balancer")
    .description(
      "Runs the balancer described by a config file, or by --listen and --backend. Logs go to stderr.",
    )
    .argument("[file]", "config file, YAML or JSON; the same as --config");
  addConfigOptions(command);
  addProcessOptions(command);
  command
    .addHelpText("after", EXAMPLES)
    .action(async (file: string | undefined, flags: RunFlags) =>
      (await import("./run-balancer.js")).runBalancer(file, flags, command),
    );
}

function addConfigOptions(command: Command): void {
  command
    .option("--config <file>", "config file, YAML or JSON")
    .option("--watch", "reload when the config file changes, as on SIGHUP")
    .option("--listen <address>", "IP address and port to receive on; may be repeated", collect(String))
    .option(
      "--backend <address>",
      "server to send to, with options such as ,weight=2 or ,name=a; may be repeated",
      collect(checked(parseBackendFlag)),
    )
    .addOption(
      new Option("--policy <policy>", "how a backend is chosen (default: round-robin)").choices(POLICIES),
    )
    .option(
      "--affinity <kind>",
      "what stays together: none, client, client-ip, client-ip/24,56 (default: none)",
    )
    .option("--idle-timeout <duration>", "a flow ends when nothing passed for this long (default: 120s)")
    .option("--max-lifetime <duration>", "a flow ends at this age (default: none)")
    .option(
      "--requests <number>",
      "a flow takes this many requests (default: no limit)",
      wholeNumber(1, MAX_COUNT),
    )
    .option(
      "--responses <number>",
      "replies to each request, after which a flow ends (default: not counted)",
      wholeNumber(1, MAX_COUNT),
    )
    .option(
      "--max-flows <number>",
      "most flows at one time (default: as the machine allows)",
      wholeNumber(1, 2 ** 31),
    );
}

function addProcessOptions(command: Command): void {
  command
    .addOption(
      new Option("--plane <plane>", "engine that moves the datagrams (default: auto)").choices(PLANE_CHOICES),
    )
    .option(
      "--workers <number>",
      "threads of the batched plane, or auto (default: half the processors)",
      wholeNumberOrAuto(1, MAX_WORKERS),
    )
    .option(
      "--grace <duration>",
      "how long active flows go on after SIGTERM (default: 5s)",
      checked((text) => ({ text, graceMs: parseDuration(text) })),
    )
    .option(
      "--admin <address>",
      "answer the admin API and its page here, such as 127.0.0.1:9901 or unix:/PATH",
      checked(parseAdminFlag),
    )
    .option(
      "--user <user>",
      "become this user, or user:group, once the listeners are open",
      checked(parseUser),
    )
    .addOption(new Option("--log-level <level>", "least level to log").choices(LOG_LEVELS).default("info"))
    .addOption(new Option("--log-format <format>", "how to log").choices(LOG_FORMATS).default("pretty"));
}
