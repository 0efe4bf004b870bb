/** The completion script for bash. It needs nothing else: not the package bash-completion, and no bash after 3.2, which macOS has. */
import { type CommandSpec, listCommands, type Value } from "./completion-spec.js";

export function createBashScript(program: CommandSpec): string {
  const cases = listCommands(program).map(renderCase).join("\n");
  return SCRIPT.replace("@CASES@", () => cases);
}

/** Sets what may follow `path`: the arrays are read by `_sluice`. */
function renderCase({ path, flags, arguments: args, commands }: CommandSpec): string {
  const names = flags.flatMap((flag) => flag.names);
  const values = flags.flatMap(({ names: own, value }) =>
    value === undefined ? [] : own.map((name) => `${name}=${formatValue(value)}`),
  );
  return [
    `    ${quote(path.join(" "))})`,
    `      commands=(${commands.map(({ path: child }) => quote(child[child.length - 1])).join(" ")})`,
    `      flags=(${names.map(quote).join(" ")})`,
    `      values=(${values.map(quote).join(" ")})`,
    `      arguments=(${args.map(({ value }) => quote(formatValue(value))).join(" ")})`,
    "      ;;",
  ].join("\n");
}

function formatValue(value: Value): string {
  return value.kind === "words" ? `words ${value.words.join(" ")}` : value.kind;
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const SCRIPT = `# Completion of sluice for bash. Use it with: source <(sluice completion bash)

# Sets commands, flags, values ("flag=kind") and arguments of a command.
_sluice_spec() {
  commands=() flags=() values=() arguments=()
  case "$1" in
@CASES@
  esac
}

# The kind of a flag's value; fails for a flag without one.
_sluice_value_of() {
  local entry
  for entry in "\${values[@]}"; do
    if [[ "\${entry%%=*}" == "$1" ]]; then
      kind="\${entry#*=}"
      return 0
    fi
  done
  return 1
}

# Lines into COMPREPLY.
_sluice_reply() {
  local line
  COMPREPLY=()
  while IFS= read -r line; do COMPREPLY+=("$line"); done
}

# Answers for a kind of value into COMPREPLY.
_sluice_answer() {
  case "$1" in
    words*) _sluice_reply < <(compgen -W "\${1#words }" -- "$cur") ;;
    file)
      _sluice_reply < <(compgen -f -- "$cur")
      compopt -o filenames 2>/dev/null
      ;;
    backend) _sluice_reply < <(compgen -W "$("\${words[0]}" completion --backends "\${access[@]}" 2>/dev/null)" -- "$cur") ;;
  esac
}

_sluice() {
  local cur path="" kind word flag i last=-1 place=0
  local -a commands flags values arguments words=() access=()
  COMPREPLY=()

  # Bash splits words at : and = too; what was written as one word is joined again.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if ((i > 1)) && { [[ "$word" == [:=]* ]] || [[ "\${words[last]}" == *[:=] && -n "$word" ]]; }; then
      words[last]+="$word"
    else
      words+=("$word")
      ((last += 1))
    fi
  done
  cur="\${words[last]}"

  # Which command it is, and how many of its arguments are there.
  _sluice_spec ""
  flag=""
  for word in "\${words[@]:1:last-1}"; do
    if [[ -n "$flag" ]]; then
      case "$flag" in --admin | --config | --token-file | --ca) access+=("$flag" "$word") ;; esac
      flag=""
    elif [[ "$word" == --*=* ]]; then
      case "$word" in --admin=* | --config=* | --token-file=* | --ca=*) access+=("$word") ;; esac
    elif [[ "$word" == -* ]]; then
      _sluice_value_of "$word" && flag="$word"
    elif ((\${#commands[@]} > 0)); then
      path="\${path:+$path }$word"
      _sluice_spec "$path"
    else
      ((place += 1))
    fi
  done

  local before=""
  if [[ -n "$flag" ]]; then
    _sluice_value_of "$flag" && _sluice_answer "$kind"
  elif [[ "$cur" == --*=* ]]; then
    before="\${cur%%=*}="
    if _sluice_value_of "\${cur%%=*}"; then
      cur="\${cur#*=}"
      _sluice_answer "$kind"
    fi
  elif [[ "$cur" == -* ]]; then
    _sluice_reply < <(compgen -W "\${flags[*]}" -- "$cur")
  elif ((\${#commands[@]} > 0)); then
    _sluice_reply < <(compgen -W "\${commands[*]}" -- "$cur")
  elif ((place < \${#arguments[@]})); then
    _sluice_answer "\${arguments[place]}"
  fi

  # Bash puts an answer in place of what comes after the last : only, where it splits there.
  if [[ "$COMP_WORDBREAKS" == *:* && "$cur" == *:* ]]; then
    local colon="\${cur%"\${cur##*:}"}"
    for i in "\${!COMPREPLY[@]}"; do
      COMPREPLY[i]="\${COMPREPLY[i]#"$colon"}"
    done
  fi
  if [[ -n "$before" && "$COMP_WORDBREAKS" != *=* ]]; then
    for i in "\${!COMPREPLY[@]}"; do
      COMPREPLY[i]="$before\${COMPREPLY[i]}"
    done
  fi
}

complete -F _sluice sluice
`;
