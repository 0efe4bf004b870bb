/**
 * The commands that ask a running balancer: their arguments, flags and help. What a command does is in a file of its own,
 * which is loaded when it runs, so that a shell's completion does not wait for all of them.
 */
import { Argument, type Command, Option } from "commander";
import { parseDuration } from "../config/units.js";
import { parseAdminAddress } from "./admin-address.js";
import type { AskFlags } from "./admin-command.js";
import { checked, wholeNumber } from "./arguments.js";
import type { EventsFlags } from "./events.js";
import type { ExplainFlags } from "./explain.js";
import type { FlowsFlags } from "./flows.js";
import type { TapFlags } from "./tap.js";

const MAX_WEIGHT = 65_535;
const MAX_FLOWS = 10_000;
const MAX_EVENTS = 1_000;
const MAX_TAPPED = 1_000_000;
const MAX_TAP_S = 3_600;
const MAX_PAYLOAD = 65_535;

const ADMIN_HELP = `
Which balancer:
  --admin ADDRESS, else SLUICE_ADMIN, else admin.listen of --config FILE, else 127.0.0.1:9901
  ADDRESS: 127.0.0.1:9901, lb.example.org:9901, unix:/PATH, http://… or https://…
  The token: --token-file FILE, else SLUICE_TOKEN, else admin.token of --config FILE`;

export function addAdminCommands(program: Command): void {
  addLooking(program);
  addChanging(program);
  addConfigCommand(program);
}

function addLooking(program: Command): void {
  asking(program, "status", "show a running balancer on one screen")
    .description(
      "Shows listeners, pools, backends with their states and rates, drops by reason, and warnings.",
    )
    .action(async (flags: AskFlags) => (await import("./status.js")).showStatus(flags));

  asking(program, "top", "watch a running balancer, live", { json: false })
    .description(
      "Shows backends, rates, drops and events, once a second, until q. Keys drain, enable, disable and\n" +
        "weigh the selected backend; ? lists them.",
    )
    .action(async (flags: AskFlags) => (await import("./top/top.js")).runTop(flags));

  asking(program, "flows", "list live flows")
    .description("Lists live flows, filtered.")
    .option("--client <address>", "an address, address:port or prefix such as 192.0.2.0/24")
    .option("--listener <name>", "of this listener")
    .option("--pool <name>", "of this pool")
    .option("--backend <name>", "of this backend, as NAME or POOL/NAME")
    .option("--limit <number>", "at most so many", wholeNumber(1, MAX_FLOWS), 100)
    .option("--after <id>", "those after this flow: the next page")
    .action(async (flags: FlowsFlags) => (await import("./flows.js")).showFlows(flags));

  asking(program, "explain", "say which backend a client would get, and why")
    .description(
      "Says where a datagram of CLIENT would go now, why, and what the other backends' chances are.",
    )
    .argument("<client>", "an address, or address:port")
    .option("--listener <name>", "on this listener; needed where there are several")
    .action(async (client: string, flags: ExplainFlags) =>
      (await import("./explain.js")).explain(client, flags),
    );

  asking(program, "events", "list what happened")
    .description("Lists what happened: backends that went up or down, reloads, warnings, what operators did.")
    .option("-f, --follow", "go on with what happens from now on, until Ctrl-C")
    .option("--types <list>", "only these, with commas between, such as backend,warning,operator")
    .option("--limit <number>", "at most so many of the past, the newest", wholeNumber(1, MAX_EVENTS), 100)
    .action(async (flags: EventsFlags) => (await import("./events.js")).showEvents(flags));

  asking(program, "tap", "copy a client's datagrams to a pcapng file", { json: false })
    .description(
      "Copies requests and replies as the client sees them, with IP and UDP headers made up, until --max or\n" +
        "--seconds is reached, or Ctrl-C.",
    )
    .argument("[client]", "an address, or address:port; may be left out with --flow or --listener")
    .requiredOption("-w, --write <file>", "the file; - is stdout")
    .option("--flow <id>", "of this live flow")
    .option("--listener <name>", "of this listener")
    .option("--snap <bytes>", "most bytes kept of each payload (default: all)", wholeNumber(0, MAX_PAYLOAD))
    .option("--max <number>", "ends after so many datagrams (default: 10000)", wholeNumber(1, MAX_TAPPED))
    .option("--seconds <number>", "ends after this time (default: 60)", wholeNumber(1, MAX_TAP_S))
    .addHelpText("after", "\nExample:\n  sluice tap 192.0.2.7 -w - | tcpdump -nr -")
    .action(async (client: string | undefined, flags: TapFlags) =>
      (await import("./tap.js")).tap(client, flags),
    );
}

function addChanging(program: Command): void {
  const operate = async (
    name: string,
    change: import("./operate.js").BackendChange,
    flags: AskFlags,
  ): Promise<void> => (await import("./operate.js")).changeBackend(name, change, flags);

  asking(program, "drain", "give a backend no new clients")
    .description("Its live flows go on, as failover.draining of its pool says.")
    .addArgument(backendArgument())
    .option(
      "--deadline <duration>",
      "disable it after this time, such as 30s (default: never)",
      checked(durationText),
    )
    .action((name: string, { deadline, ...flags }: AskFlags & { readonly deadline?: string }) =>
      operate(name, { admin: "draining", ...(deadline !== undefined && { deadline }) }, flags),
    );
  asking(program, "enable", "let a backend take clients again")
    .description("Undoes drain and disable.")
    .addArgument(backendArgument())
    .action((name: string, flags: AskFlags) => operate(name, { admin: "enabled" }, flags));
  asking(program, "disable", "take a backend out at once")
    .description("Its live flows go elsewhere or end, as failover.removed of its pool says.")
    .addArgument(backendArgument())
    .action((name: string, flags: AskFlags) => operate(name, { admin: "disabled" }, flags));
  asking(program, "weight", "change a backend's weight")
    .description("0 takes no new clients.")
    .addArgument(backendArgument())
    .argument("<weight>", "0 to 65535", wholeNumber(0, MAX_WEIGHT))
    .action((name: string, weight: number, flags: AskFlags) => operate(name, { weight }, flags));
  asking(program, "end-flow", "end a live flow")
    .description("The client's next datagram begins a new flow.")
    .argument("<id>", "as sluice flows shows it")
    .action(async (id: string, flags: AskFlags) => (await import("./flows.js")).endFlow(id, flags));
  asking(program, "reload", "let a running balancer read its config file again")
    .description(
      "As SIGHUP does, and says what changed. A file that is not valid leaves the running config in force.",
    )
    .action(async (flags: AskFlags) => (await import("./config-commands.js")).reload(flags));
}

function addConfigCommand(program: Command): void {
  const config = program
    .command("config")
    .summary("show the config in force, compare it with a file, or replace it")
    .description("The config that a running balancer has in force.");
  asking(config, "show", "print the config in force")
    .description("Prints it as YAML, in its full form, without secrets.")
    .action(async (flags: AskFlags) => (await import("./config-commands.js")).showConfig(flags));
  asking(config, "diff", "say what putting a file in force would change")
    .description("Says what would change, and what would become of live flows; changes nothing.")
    .argument("<file>", "config file, YAML or JSON")
    .action(async (file: string, flags: AskFlags) =>
      (await import("./config-commands.js")).diffConfig(file, flags),
    );
  asking(config, "apply", "put a file in force")
    .description(
      "Puts it in force without writing the balancer's own file, so that a reload of that undoes it.",
    )
    .argument("<file>", "config file, YAML or JSON")
    .option("--if-version <number>", "only if this config is still in force", wholeNumber(1, 2 ** 31))
    .action(async (file: string, flags: AskFlags & { readonly ifVersion?: number }) =>
      (await import("./config-commands.js")).applyConfig(file, flags),
    );
}

/** Completion fills it in with the names that the balancer knows. */
export const BACKEND_ARGUMENT = "backend";

function backendArgument(): Argument {
  return new Argument(`<${BACKEND_ARGUMENT}>`, "NAME, or POOL/NAME where several pools have it");
}

/** A command that asks, with the flags that say which balancer. */
function asking(parent: Command, name: string, summary: string, { json = true } = {}): Command {
  const command = addAdminFlags(parent.command(name).summary(summary));
  if (json) command.option("--json", "print the API's answer");
  return command.addHelpText("after", ADMIN_HELP);
}

export function addAdminFlags(command: Command): Command {
  return command
    .addOption(
      new Option("--admin <address>", "where the balancer's admin API is").argParser(
        checked((text) => parseAdminAddress(text)),
      ),
    )
    .option("--config <file>", "the config that the balancer runs with: says where it is, and its token")
    .option("--token-file <file>", "a file with the token in its first line")
    .option("--ca <file>", "certificates to trust, in PEM");
}

function durationText(text: string): string {
  parseDuration(text);
  return text;
}
