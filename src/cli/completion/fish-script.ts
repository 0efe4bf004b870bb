/** The completion script for fish: one line for each command, flag and argument (complete(1) of fish). */
import { type CommandSpec, type FlagSpec, listCommands, type Value } from "./completion-spec.js";

export function createFishScript(program: CommandSpec): string {
  const lines = listCommands(program).flatMap(renderCommand);
  return `${HEAD}\n${lines.join("\n")}\n`;
}

function renderCommand(spec: CommandSpec): string[] {
  const at = conditionOf(spec);
  return [
    ...spec.commands.map(({ path, summary }) =>
      join(at, "-a", quote(path[path.length - 1]), "-d", quote(summary)),
    ),
    ...spec.flags.map((flag) => renderFlag(flag, at)),
    ...spec.arguments.flatMap(({ value }) => {
      const answer = answerOf(value);
      return answer.length === 0 ? [] : [join(at, ...answer)];
    }),
  ];
}

/** When the line has come as far as this command and no further. */
function conditionOf({ path, commands }: CommandSpec): string {
  const names = commands.map((command) => command.path[command.path.length - 1]).join(" ");
  if (path.length === 0) return "__fish_use_subcommand";
  const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`);
  return [...seen, ...(names === "" ? [] : [`not __fish_seen_subcommand_from ${names}`])].join("; and ");
}

function renderFlag({ names, summary, value }: FlagSpec, at: string): string {
  const options = names.flatMap((name) =>
    name.startsWith("--") ? ["-l", name.slice(2)] : ["-s", name.slice(1)],
  );
  const answer = value === undefined ? [] : ["-r", ...answerOf(value)];
  return join(at, ...options, ...answer, "-d", quote(summary));
}

function answerOf(value: Value): string[] {
  if (value.kind === "words") return ["-f", "-a", quote(value.words.join(" "))];
  return { file: ["-F"], backend: ["-f", "-a", quote("(__sluice_backends)")], any: [] }[value.kind];
}

const join = (condition: string, ...parts: readonly string[]): string =>
  `complete -c sluice -n ${quote(condition)} ${parts.join(" ")}`;

const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

const HEAD = `# Completion of sluice for fish. Use it with: sluice completion fish > ~/.config/fish/completions/sluice.fish

# The backends that the balancer knows, if it answers. What the command line says of where it is counts.
function __sluice_backends
    set -l words (commandline -opc)
    set -l access
    for i in (seq 2 (count $words))
        if contains -- $words[$i] --admin --config --token-file --ca
            set -a access $words[$i] $words[(math $i + 1)]
        end
    end
    sluice completion --backends $access 2>/dev/null
end

complete -c sluice -f
`;
