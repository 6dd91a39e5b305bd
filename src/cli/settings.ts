import { loadConfiguration, type LoadedConfiguration } from "../config/load.ts";
import { INTERVAL_LIMITS_MS } from "../config/schema.ts";
import type { CommandContext } from "./command.ts";
import { durationFlag, type Syntax } from "./flags.ts";

/** The configuration with what the command line overrides. */
export function loadSettings(
  values: {
    readonly config?: string | undefined;
    readonly connect?: string | undefined;
    readonly interval?: string | undefined;
  },
  context: CommandContext,
  syntax: Syntax,
): LoadedConfiguration {
  const intervalMs = durationFlag("interval", values.interval, { ...INTERVAL_LIMITS_MS, syntax });
  const overrides = { uri: values.connect, intervalMs };
  return loadConfiguration({ file: values.config, env: context.env, overrides });
}
