import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import type { DomainShape } from "../../src/simulator/index.ts";

/** What one process of agents is to run. */
export interface AgentsRequest {
  readonly agents: number;
  /** Of the first agent's domains; the others count on from it. */
  readonly firstSeed: number;
  readonly domains: number;
  /** What the simulator makes up unless given. */
  readonly shape?: Partial<DomainShape>;
  readonly endpoint: string;
  readonly protocol: "grpc" | "http/protobuf";
  readonly intervalMs: number;
  readonly slowIntervalMs: number;
  /** The agents are started over this time. */
  readonly spreadMs: number;
  /** For sockets and state directories. */
  readonly folder: string;
}

/** What one agent did. */
export interface AgentAccount {
  readonly cycles: number;
  readonly skippedCycles: number;
  /** Points. */
  readonly exported: number;
  readonly queued: number;
  readonly dropped: number;
  /** Warnings and errors of its log. */
  readonly problems: readonly string[];
}

/** Processes of agents that run. */
export interface Agents {
  /** Stops them in order and gives each agent's account. */
  stop(): Promise<AgentAccount[]>;
}

/** Starts agents, `request.agents` of them in each of so many processes, and waits until the last has been started. */
export async function startAgents(processes: number, request: AgentsRequest): Promise<Agents> {
  const children = Array.from({ length: processes }, (_, index) =>
    launch({ ...request, firstSeed: request.firstSeed + index * request.agents }),
  );
  await Promise.all(children.map(next));
  return {
    stop: async () => {
      const accounts = children.map(next);
      for (const child of children) child.send("stop");
      return (await Promise.all(accounts)).flat() as AgentAccount[];
    },
  };
}

function launch(request: AgentsRequest): ChildProcess {
  return fork(join(import.meta.dirname, "agents-process.ts"), [JSON.stringify(request)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

async function next(child: ChildProcess): Promise<unknown> {
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`agents ended with ${code}`);
  });
  const [message] = (await Promise.race([once(child, "message"), ended])) as [unknown];
  ended.catch(() => undefined);
  return message;
}
