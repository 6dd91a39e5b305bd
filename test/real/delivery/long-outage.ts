/** Backends that are away for minutes of real time, while the agent goes on. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import type { Simulator } from "../../../src/simulator/index.ts";
import { waitFor } from "../bed/processes.ts";
import { startPrometheus } from "../bed/prometheus.ts";
import { startVictoriaMetrics } from "../bed/victoriametrics.ts";
import {
  expectedByPrometheus,
  expectedSamples,
  type Samples,
  sampledByPrometheus,
  storedSamples,
} from "../exported.ts";
import { startKvmeter, withConfiguration } from "../kvmeter.ts";
import { type Recorder, startRecorder } from "./recorder.ts";

const INTERVAL_MS = 2000;

/** The longest wait between two attempts is 30 s and a little. */
const RECOVERY_MS = 90_000;

/** What the backends have and should have. */
export interface OutageBooks {
  readonly cycles: number;
  readonly victoria: { readonly expected: Samples; readonly stored: Samples };
  readonly prometheus: { readonly expected: Samples; readonly stored: Samples };
  /** Longest time between two deliveries to a backend that was well all the time. */
  readonly longestGapMs: number;
  readonly log: readonly { readonly level: string; readonly msg: string; readonly destination?: string }[];
}

/** A run with an outage of both backends in it, up to where they have everything, or do not get it in time. */
export async function runOutage(simulator: Simulator, awayMs: number): Promise<OutageBooks> {
  const [victoria, prometheus] = [await startVictoriaMetrics(), await startPrometheus()];
  // One beside each: a destination with the same wishes, which is never away.
  const [besideVictoria, besidePrometheus] = [await startRecorder(), await startRecorder()];
  const yaml = `
libvirt: [{ uri: "${simulator.uri}" }]
interval: ${INTERVAL_MS}ms
state_directory: state
log: { format: json }
export:
  - { preset: victoriametrics, endpoint: "${victoria.url}" }
  - { preset: victoriametrics, endpoint: "${besideVictoria.origin}" }
  - { preset: prometheus, endpoint: "${prometheus.url}" }
  - { preset: prometheus, endpoint: "${besidePrometheus.origin}" }
`;
  const look = async () => {
    await victoria.flush();
    const expected = expectedSamples(besideVictoria.resources);
    const stored = storedSamples(await victoria.export('{"service.name"!=""}'));
    const samples = await prometheus.samples('{__name__=~".+",__name__!="target_info"}');
    return {
      victoria: { expected, stored },
      prometheus: {
        expected: expectedByPrometheus(besidePrometheus.resources),
        stored: sampledByPrometheus(samples),
      },
    };
  };
  return withConfiguration(yaml, async (file) => {
    const agent = startKvmeter(["run", "-c", file]);
    await sleep(4 * INTERVAL_MS);
    await Promise.all([victoria.goAway(), prometheus.goAway()]);
    await sleep(awayMs / 2);
    const [domain] = simulator.domains();
    assert.ok(domain !== undefined && simulator.destroyDomain(domain.uuid));
    await sleep(awayMs / 2);
    await Promise.all([victoria.comeBack(), prometheus.comeBack()]);
    const arrived = async () => {
      const { victoria: first, prometheus: second } = await look();
      return [first, second].every(
        ({ expected, stored }) => missing(expected, stored).length < expected.size / 20,
      );
    };
    // What is newest is always missing somewhere; the end of the run settles that.
    await waitFor(arrived, { what: "the backlog to arrive", timeoutMs: RECOVERY_MS, everyMs: 3000 });
    await sleep(4 * INTERVAL_MS);
    const { code, stderr } = await agent.stop();
    assert.equal(code, 0, stderr);
    await victoria.flush();
    await sleep(1100);
    const books = await look();
    await Promise.all([besideVictoria.close(), besidePrometheus.close(), victoria.stop(), prometheus.stop()]);
    const lines = stderr.trim().split("\n");
    return {
      ...books,
      cycles: besideVictoria.arrivedAtMs.length,
      longestGapMs: longestGapMs(besideVictoria),
      log: lines.map((line) => JSON.parse(line) as OutageBooks["log"][number]),
    };
  });
}

/** What should be there and is not. */
export function missing(expected: Samples, stored: Samples): string[] {
  return [...expected.keys()].filter((key) => !stored.has(key));
}

function longestGapMs({ arrivedAtMs }: Recorder): number {
  return Math.max(...arrivedAtMs.slice(1).map((atMs, index) => atMs - (arrivedAtMs[index] ?? 0)));
}
