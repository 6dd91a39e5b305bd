import type { Configuration } from "../config/configuration.ts";
import { formatAddress } from "../local-endpoint/address.ts";
import { openLocalEndpoint } from "../local-endpoint/local-endpoint.ts";
import { failed, type Finding, well } from "./finding.ts";

const ANSWER_TIMEOUT_MS = 2000;

/** What the agent says on /healthz, well or not. */
const AGENTS_WORDS = /one is due every/;

/** Opens the local endpoint for a moment, as the agent would; where that cannot be, sees whether the agent is why. */
export async function checkListen({ listen, intervalMs }: Configuration): Promise<Finding[]> {
  if (listen === undefined) return [];
  const subject = formatAddress(listen);
  const nothing = new Map<string, boolean>();
  try {
    const endpoint = await openLocalEndpoint(listen, {
      course: () => ({
        intervalMs,
        sinceLastCycleMs: 0,
        hasCycled: false,
        sources: nothing,
        destinations: nothing,
      }),
      points: () => undefined,
      hide: (text) => text,
    });
    await endpoint.close();
    return [well("listen", subject, "nobody listens there yet")];
  } catch (error) {
    const words = await healthAt(subject);
    if (AGENTS_WORDS.test(words)) return [well("listen", subject, `an agent answers there: ${words}`)];
    return [failed("listen", subject, { error })];
  }
}

async function healthAt(address: string): Promise<string> {
  try {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const answer = await fetch(`http://${address}/healthz`, { signal, redirect: "error" });
    const { value } = (await answer.body?.getReader().read()) ?? {};
    return new TextDecoder().decode(value?.subarray(0, 300)).trim();
  } catch {
    return "";
  }
}
