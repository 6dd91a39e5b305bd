import { loadConfiguration, type LoadedConfiguration } from "../config/load.ts";
import { INTERVAL_LIMITS_MS } from "../config/schema.ts";
import type { CommandContext } from "./command.ts";
import { durationFlag, refuse, type Syntax } from "./flags.ts";

/** The configuration with what the command line overrides. */
export function loadSettings(
  values: {
    readonly config?: string | undefined;
    readonly connect?: string | undefined;
    readonly interval?: string | undefined;
    readonly procfs?: string | undefined;
    readonly sysfs?: string | undefined;
  },
  context: CommandContext,
  syntax: Syntax,
): LoadedConfiguration {
  const intervalMs = durationFlag("interval", values.interval, { ...INTERVAL_LIMITS_MS, syntax });
  const procfs = directoryFlag("procfs", values.procfs, syntax);
  const sysfs = directoryFlag("sysfs", values.sysfs, syntax);
  const overrides = { uri: values.connect, intervalMs, procfs, sysfs };
  return loadConfiguration({ file: values.config, env: context.env, overrides });
}

function directoryFlag(name: string, path: string | undefined, syntax: Syntax): string | undefined {
  if (path === undefined || path.startsWith("/")) return path;
  return refuse(`--${name} must be an absolute path: current value is "${path}"`, syntax);
}
