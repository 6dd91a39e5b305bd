import type { Flag } from "../../src/cli/flags.ts";
import type { CommandDescription } from "./command-line.ts";

type NamedFlag = readonly [name: string, flag: Flag];

/** Options whose value is a file or a folder. */
const isPath = ({ value }: Flag): boolean => ["FILE", "PATH", "DIR"].includes(value ?? "");

/**
 * For bash, by a function that `complete` calls.
 * @see https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html
 */
export function bashCompletion(commands: readonly CommandDescription[]): string {
  const options = commands.map(
    ({ name, flags, words }) =>
      `    ${name}) words='${[...words, ...flags.flatMap(spellings)].join(" ")}' ;;\n`,
  );
  const values = commands.flatMap(({ name, flags }) =>
    flags.flatMap(([flagName, flag]) => {
      if (flag.value === undefined) return [];
      const choices = flag.choices === undefined ? "" : ` words='${flag.choices.join(" ")}'`;
      const pattern = spellings([flagName, flag])
        .map((spelling) => `${name}:${spelling}`)
        .join("|");
      return `    ${pattern})${choices} ${isPath(flag) ? "files=yes" : "files="} value=yes ;;\n`;
    }),
  );
  return `# bash completion for kvmeter
_kvmeter() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  local words='' files='' value=''
  COMPREPLY=()
  if ((COMP_CWORD == 1)) && [[ $current != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W '${commands.map(({ name }) => name).join(" ")}' -- "$current")
    return
  fi
  [[ $command == -* ]] && command=run
  case $command:$previous in
${values.join("")}  esac
  if [[ -z $value ]]; then
    case $command in
${options.join("")}    esac
  fi
  if [[ -n $files ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
    compopt -o filenames
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}
complete -F _kvmeter kvmeter
`;
}

/**
 * For zsh, by its _arguments.
 * @see https://zsh.sourceforge.io/Doc/Release/Completion-System.html
 */
export function zshCompletion(commands: readonly CommandDescription[]): string {
  const cases = commands.map(({ name, flags, words }) => {
    const first = words.length === 0 ? [] : [`'1: :(${words.join(" ")})'`];
    const specs = [...flags.flatMap(zshSpecs), ...first];
    return `    ${name})\n      _arguments ${specs.join(" \\\n        ")} ;;\n`;
  });
  const described = commands.map(({ name, summary }) => `    '${name}:${zshText(summary)}'\n`);
  return `#compdef kvmeter
_kvmeter() {
  local -a commands=(
${described.join("")}  )
  if ((CURRENT == 2)) && [[ $words[2] != -* ]]; then
    _describe command commands
    return
  fi
  local command=$words[2]
  if [[ $command == -* ]]; then command=run; else shift words; ((CURRENT--)); fi
  case $command in
${cases.join("")}  esac
}
_kvmeter "$@"
`;
}

function zshSpecs([name, flag]: NamedFlag): string[] {
  const all = spellings([name, flag]);
  const others = flag.multiple ? "*" : `(${all.join(" ")})`;
  const choices = flag.choices === undefined ? "" : `(${flag.choices.join(" ")})`;
  const action = isPath(flag) ? "_files" : choices;
  const value = flag.value === undefined ? "" : `:${flag.value.toLowerCase()}:${action}`;
  return all.map((spelling) => `'${others}${spelling}[${zshText(flag.help)}]${value}'`);
}

/** Inside quotes and brackets. */
function zshText(text: string): string {
  return text.replaceAll("'", "'\\''").replaceAll(/[[\]:]/g, "\\$&");
}

/**
 * For fish, by its complete.
 * @see https://fishshell.com/docs/current/cmds/complete.html
 */
export function fishCompletion(commands: readonly CommandDescription[]): string {
  const lines = commands.flatMap(({ name, summary, flags, words }) => {
    const inCommand = `complete -c kvmeter -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c kvmeter -n __fish_use_subcommand -f -a ${name} -d ${fishText(summary)}`,
      ...(words.length === 0 ? [] : [`${inCommand} -f -a '${words.join(" ")}'`]),
      ...flags.map(([flagName, flag]) => `${inCommand} ${fishFlag([flagName, flag])}`),
    ];
  });
  return `# fish completion for kvmeter\n${lines.join("\n")}\n`;
}

function fishFlag([name, flag]: NamedFlag): string {
  const { short, value, choices, help } = flag;
  const parts = [`-l ${name}`];
  if (short !== undefined) parts.unshift(`-s ${short}`);
  if (choices !== undefined) parts.push(`-x -a '${choices.join(" ")}'`);
  else if (value === undefined) parts.push("-f");
  else parts.push(isPath(flag) ? "-r -F" : "-x");
  return `${parts.join(" ")} -d ${fishText(help)}`;
}

function fishText(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

function spellings([name, { short }]: NamedFlag): string[] {
  return short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`];
}
