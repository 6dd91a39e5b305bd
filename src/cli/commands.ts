import type { Command } from "./command.ts";

interface CommandRow {
  readonly summary: string;
  /** Each command loads only what it needs, and only when it is called. */
  readonly load: () => Promise<Command>;
}

/** Every subcommand, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandRow>> = {
  run: {
    summary: "Read every domain in each interval and send what was read. The default.",
    load: () => import("./run.ts"),
  },
  once: {
    summary: "Read every domain once, print what was read, and exit.",
    load: () => import("./once.ts"),
  },
  check: {
    summary: "Say what is well, what is missing, and how to mend it.",
    load: () => import("./check.ts"),
  },
  top: { summary: "A live screen of all VMs.", load: () => import("./top.ts") },
  metrics: { summary: "List every metric that kvmeter knows.", load: () => import("./metrics.ts") },
  config: { summary: "Print, check or describe the configuration.", load: () => import("./config.ts") },
  demo: {
    summary: "Show kvmeter at work on a simulated hypervisor. Needs nothing else.",
    load: () => import("./demo.ts"),
  },
  simulate: {
    summary: "Run a simulated hypervisor for any libvirt client.",
    load: () => import("./simulate.ts"),
  },
  health: {
    summary: "Ask the agent on this machine whether it is well: exit code 0 or 1.",
    load: () => import("./health.ts"),
  },
  version: { summary: "Print the version.", load: () => import("./version.ts") },
  help: { summary: "Show this, or the help of a command.", load: () => import("./help.ts") },
};
