/** `sluice completion`: scripts that let a shell complete commands, flags, choices and the names of backends. */
import { Argument, type Command } from "commander";
import type { AdminFlags } from "../admin-access.js";
import { addAdminFlags } from "../admin-commands.js";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

interface CompletionFlags extends AdminFlags {
  readonly backends?: true;
}

const EXAMPLES = `
Examples:
  source <(sluice completion bash)
  sluice completion zsh > "\${fpath[1]}/_sluice"
  sluice completion fish > ~/.config/fish/completions/sluice.fish`;

export function addCompletionCommand(program: Command): void {
  const command = program
    .command("completion")
    .summary("print a shell's completion script")
    .description(
      "Prints a script that completes commands, flags, choices, and the backends that a balancer knows.",
    )
    .addArgument(new Argument("[shell]", "which shell").choices(SHELLS))
    .option("--backends", "print the names of a running balancer's backends instead; the scripts ask for it");
  addAdminFlags(command)
    .addHelpText("after", EXAMPLES)
    .action(async (shell: Shell | undefined, { backends, ...flags }: CompletionFlags) => {
      if (backends) return (await import("./backend-names.js")).printBackendNames(flags);
      if (shell === undefined) return command.error("error: missing required argument 'shell'");
      process.stdout.write(await createScript(program, shell));
    });
}

async function createScript(program: Command, shell: Shell): Promise<string> {
  const { describeProgram } = await import("./completion-spec.js");
  const spec = describeProgram(program);
  switch (shell) {
    case "bash":
      return (await import("./bash-script.js")).createBashScript(spec);
    case "zsh":
      return (await import("./zsh-script.js")).createZshScript(spec);
    case "fish":
      return (await import("./fish-script.js")).createFishScript(spec);
  }
}
