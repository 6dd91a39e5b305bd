import type { Flag } from "../../src/cli/flags.ts";
import type { CommandDescription } from "./command-line.ts";

export interface ManPageFacts {
  readonly version: string;
  /** As `2026-11-21`. */
  readonly date: string;
}

/**
 * kvmeter(1), in the macros of man(7).
 * @see https://man7.org/linux/man-pages/man7/man.7.html
 */
export function manPage(commands: readonly CommandDescription[], { version, date }: ManPageFacts): string {
  const synopsis = [".B kvmeter", ".RI [ command ]", ".RI [ options ]"];
  return `${[
    `.TH KVMETER 1 ${date} "kvmeter ${version}"`,
    ".SH NAME",
    "kvmeter \\- metrics of KVM virtual machines over OTLP",
    ".SH SYNOPSIS",
    ...synopsis,
    ".SH DESCRIPTION",
    text(
      "Reads every virtual machine of a KVM host from libvirt and pushes OpenTelemetry metrics over OTLP.",
    ),
    text("Without a command it runs the agent."),
    ".SH COMMANDS",
    ...commands.flatMap(commandLines),
    ".SH FILES",
    ...FILES.flatMap(([path, what]) => [".TP", `.I ${text(path)}`, text(what)]),
    ".SH ENVIRONMENT",
    text(
      "The OTEL_EXPORTER_OTLP_* variables of OpenTelemetry say where to where no configuration file does.",
    ),
    ".SH EXIT STATUS",
    ...STATUSES.flatMap(([status, what]) => [".TP", `.B ${status}`, text(what)]),
    ".SH SEE ALSO",
    ".BR virsh (1),",
    ".BR libvirtd (8),",
    ".BR systemd.exec (5)",
  ].join("\n")}\n`;
}

const FILES = [
  ["/etc/kvmeter/kvmeter.yaml", "The service's configuration; kvmeter config schema describes it."],
  ["/etc/kvmeter/credentials/", "The service's secrets, one file each, which systemd hands to it."],
  ["/var/lib/kvmeter/", "What waits to be delivered."],
] as const;

const STATUSES = [
  ["0", "It went well."],
  ["1", "It failed."],
  ["2", "The command line or the configuration is wrong."],
] as const;

function commandLines({ syntax, flags }: CommandDescription): string[] {
  const examples = Object.entries(syntax.examples ?? {});
  return [
    `.SS ${text(syntax.usage)}`,
    // The columns that the help aligns by hand would be filled to a paragraph.
    ...(syntax.about.includes("  ") ? [".nf", text(syntax.about), ".fi"] : [text(syntax.about)]),
    ...flags.flatMap(([name, flag]) => [".TP", `.B ${text(spelling(name, flag))}`, text(meaning(flag))]),
    ...examples.flatMap(([line, does]) => [".TP", `.B ${text(line)}`, text(does)]),
  ];
}

function spelling(name: string, { short, value }: Flag): string {
  const long = value === undefined ? `--${name}` : `--${name} ${value}`;
  return short === undefined ? long : `-${short}, ${long}`;
}

function meaning({ help, choices, default: preset }: Flag): string {
  const oneOf = choices === undefined ? "" : ` One of ${choices.join(", ")}.`;
  return `${help}${oneOf}${preset === undefined || preset === "" ? "" : ` Default ${preset}.`}`;
}

/** Nothing in it is a request or an escape, and a hyphen can be copied into a shell. */
function text(plain: string): string {
  return plain
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll('"', "\\(dq")
    .replaceAll(/^(?=[.'])/gm, "\\&");
}
