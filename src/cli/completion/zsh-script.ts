/** The completion script for zsh: a function for each command, with `_arguments` (zshcompsys(1)). */
import { type CommandSpec, type FlagSpec, listCommands, type Value } from "./completion-spec.js";

export function createZshScript(program: CommandSpec): string {
  const functions = listCommands(program).map((spec) =>
    spec.commands.length > 0 ? renderParent(spec) : renderLeaf(spec),
  );
  return `${HEAD}\n${functions.join("\n\n")}\n\n${TAIL}`;
}

function renderParent(spec: CommandSpec): string {
  const described = spec.commands.map(
    ({ path, summary }) => `    ${quote(`${path[path.length - 1]}:${summary.replaceAll(":", "\\:")}`)}`,
  );
  const cases = spec.commands.map(({ path }) => `        ${path[path.length - 1]}) ${nameOf(path)} ;;`);
  return [
    `${nameOf(spec.path)}() {`,
    "  local curcontext=$curcontext state line",
    "  typeset -A opt_args",
    "  local -a commands=(",
    ...described,
    "  )",
    `  _arguments -C ${[...spec.flags.flatMap(renderFlag), quote("1: :->command"), quote("*:: :->rest")].join(" \\\n    ")}`,
    "  case $state in",
    "    command) _describe -t commands command commands ;;",
    "    rest)",
    "      case $line[1] in",
    ...cases,
    "      esac",
    "      ;;",
    "  esac",
    "}",
  ].join("\n");
}

function renderLeaf({ path, flags, arguments: args }: CommandSpec): string {
  const places = args.map(({ name, value }, i) => quote(`${i + 1}:${name}:${actionOf(value)}`));
  return [
    `${nameOf(path)}() {`,
    `  _arguments ${[...flags.flatMap(renderFlag), ...places].join(" \\\n    ")}`,
    "}",
  ].join("\n");
}

/** `'(-w --write)'{-w,--write}'[summary]:value:_files'`, or one name and the rest. */
function renderFlag({ names, summary, value }: FlagSpec): string[] {
  const text = summary.replace(/[[\]\\:]/g, "\\$&");
  const rest = `[${text}]${value === undefined ? "" : `:value:${actionOf(value)}`}`;
  if (names.length === 1) return [quote(`${names[0]}${rest}`)];
  return [`${quote(`(${names.join(" ")})`)}{${names.join(",")}}${quote(rest)}`];
}

function actionOf(value: Value): string {
  if (value.kind === "words") return `(${value.words.join(" ")})`;
  return { file: "_files", backend: "_sluice_backends", any: " " }[value.kind];
}

const nameOf = (path: readonly string[]): string => ["_sluice", ...path].join("_");

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const HEAD = `#compdef sluice
# Completion of sluice for zsh. Use it with: sluice completion zsh > "\${fpath[1]}/_sluice"

# The backends that the balancer knows, if it answers. What the command line says of where it is counts.
_sluice_backends() {
  local -a access names
  local i
  for ((i = 1; i < $#words; i++)); do
    case $words[i] in
      --admin | --config | --token-file | --ca) access+=($words[i] $words[i + 1]) ;;
    esac
  done
  names=(\${(f)"$(sluice completion --backends $access 2>/dev/null)"})
  compadd -a names
}
`;

const TAIL = `if [[ $funcstack[1] == _sluice ]]; then
  _sluice "$@"
else
  compdef _sluice sluice
fi
`;
