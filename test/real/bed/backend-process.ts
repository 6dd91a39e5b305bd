import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";

import { endProcess, freePorts, isAlive, type ProcessName, startDaemon, waitFor } from "./processes.ts";
import { beginRecord, recordProcess, stateDirectory, takeDown } from "./records.ts";

/** A backend of one process, which keeps what it has in a directory. */
export interface BackendProcess {
  /** As "http://127.0.0.1:8428". */
  readonly url: string;
  /** What it logged so far. */
  readLog(): Promise<string>;
  /** Ends it; what it has stays on disk. */
  goAway(): Promise<void>;
  /** Starts it again where it was, with what it had. */
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

/** How a backend is started. */
export interface BackendCommand {
  /** For messages. */
  readonly title: string;
  readonly command: string;
  /** Its arguments, once its directory is made and its address known. */
  readonly args: (place: { readonly directory: string; readonly address: string }) => Promise<string[]>;
  /** Answers with success once it is ready. */
  readonly healthPath: string;
}

let started = 0;

/** Starts a backend with empty storage on a free port. */
export async function startBackendProcess(backend: BackendCommand): Promise<BackendProcess> {
  const { title, command, args, healthPath } = backend;
  started += 1;
  const name = `${title.toLowerCase()}-${process.pid}-${started}`;
  const directory = join(stateDirectory, name);
  const logPath = join(directory, "log");
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const url = `http://${address}`;
  const readLog = () => readFile(logPath, "utf8");
  await beginRecord({ name, processes: [], paths: [directory] });
  const launch = async (): Promise<ProcessName> => {
    const daemon = await startDaemon({ command, args: await args({ directory, address }), logPath });
    recordProcess(name, daemon);
    const ready = async () => !isAlive(daemon) || (await fetch(url + healthPath)).ok;
    await waitFor(ready, { what: `${title} to be ready` });
    if (!isAlive(daemon)) throw new Error(`${title} ended: ${await readLog()}`);
    return daemon;
  };
  let daemon: ProcessName;
  try {
    await mkdir(directory, { recursive: true });
    daemon = await launch();
  } catch (error) {
    await takeDown(name);
    throw error;
  }
  return {
    url,
    readLog,
    goAway: () => endProcess(daemon, 20_000),
    comeBack: async () => void (daemon = await launch()),
    stop: () => takeDown(name),
  };
}
