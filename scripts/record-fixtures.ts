/**
 * Records what a real daemon answers, byte by byte, into test/fixtures/replies/<libvirt's version>/: the decoder's
 * tests and the simulated hypervisor are held against it.
 *
 *     node scripts/record-fixtures.ts [URI]
 *
 * Wants a daemon with paused domains (test/real/bed makes one) and virsh, whose own output of the paused domains'
 * statistics, before and after, is written beside the bytes. Changes nothing but the state of the made-up domain of test:///default.
 */

import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

import { LibvirtConnection } from "../src/libvirt/connection.ts";
import { writeDomainRef } from "../src/libvirt/domain-ref.ts";
import { FrameSplitter, MessageType, REMOTE_PROGRAM } from "../src/libvirt/framing.ts";
import {
  controlInfo,
  type DomainRef,
  getAllDomainStats,
  getLibVersion,
  getState,
  getXmlDesc,
  lifecycle,
  listAllDomains,
  ListFlags,
  nodeGetInfo,
  parseLibvirtUri,
  type Procedure,
} from "../src/libvirt/index.ts";
import { nothing } from "../src/libvirt/procedure.ts";
import { socketPaths } from "../src/libvirt/socket-paths.ts";
import type { Transport } from "../src/libvirt/transport.ts";
import { connectUnix } from "../src/libvirt/transports/unix.ts";

const TIMEOUT_MS = 10_000;
const EVERY_GROUP = 0;

/** One recorded message; `file` holds its payload. */
interface Recording {
  readonly file: string;
  readonly procedure: number;
  readonly type: number;
  readonly status: number;
  /** What it is the answer to, where that matters. */
  readonly about: string;
}

const suspend: Procedure<{ readonly domain: DomainRef }, undefined> = {
  number: 34,
  name: "DOMAIN_SUSPEND",
  priority: false,
  encode: (writer, { domain }) => writeDomainRef(writer, domain),
  decode: nothing,
};

const resume: typeof suspend = { ...suspend, number: 28, name: "DOMAIN_RESUME" };

class Recorder {
  readonly recordings: Recording[] = [];
  readonly #payloads: Buffer[] = [];
  readonly #seen: { procedure: number; type: number; status: number; payload: Buffer }[] = [];

  /** A connection whose incoming messages are kept. */
  async connect(uri: string, readOnly: boolean): Promise<LibvirtConnection> {
    const target = parseLibvirtUri(uri);
    const transport = await connectUnix(socketPaths(target, { readOnly }), { timeoutMs: TIMEOUT_MS });
    const options = { uri: target, readOnly, timeoutMs: TIMEOUT_MS, openTimeoutMs: TIMEOUT_MS };
    return LibvirtConnection.open(this.#tapped(transport), options);
  }

  /** Keeps the latest message of this number under this name. */
  keep(name: string, procedure: number, about: string): void {
    const message = this.#seen.findLast((one) => one.procedure === procedure);
    if (message === undefined) throw new Error(`nothing came for procedure ${procedure}`);
    const { type, status, payload } = message;
    this.recordings.push({ file: `${name}.bin`, procedure, type, status, about });
    this.#payloads.push(payload);
  }

  async write(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    await Promise.all(
      this.recordings.map(({ file }, index) => writeFile(join(folder, file), this.#payloads[index] ?? "")),
    );
  }

  #tapped(transport: Transport): Transport {
    const splitter = new FrameSplitter();
    return {
      peer: transport.peer,
      get unsentBytes() {
        return transport.unsentBytes;
      },
      write: (bytes) => transport.write(bytes),
      close: () => transport.close(),
      start: (listener) =>
        transport.start({
          onClose: (cause) => listener.onClose(cause),
          onData: (chunk) => {
            for (const { program, procedure, type, status, payload } of splitter.push(chunk)) {
              if (program !== REMOTE_PROGRAM || (type !== MessageType.reply && type !== MessageType.event))
                continue;
              this.#seen.push({ procedure, type, status, payload: Buffer.from(payload) });
            }
            listener.onData(chunk);
          },
        }),
    };
  }
}

async function virshDomstats(connection: LibvirtConnection, domains: readonly DomainRef[]): Promise<string> {
  const uri = `qemu+unix:///system?socket=${connection.socketPath}`;
  const names = domains.map(({ name }) => name);
  const { stdout } = await promisify(execFile)("virsh", [
    "--readonly",
    "--connect",
    uri,
    "domstats",
    ...names,
  ]);
  return stdout;
}

async function recordHypervisor(
  recorder: Recorder,
  uri: string,
): Promise<{ version: string; before: string; after: string }> {
  const connection = await recorder.connect(uri, true);
  const number = await connection.call(getLibVersion);
  recorder.keep("lib-version", getLibVersion.number, "");
  await connection.call(nodeGetInfo);
  recorder.keep("node-info", nodeGetInfo.number, "");

  const all = await connection.call(listAllDomains, { flags: 0 });
  recorder.keep("list", listAllDomains.number, "every domain");
  await connection.call(getAllDomainStats, { domains: all, groups: EVERY_GROUP, flags: 0 });
  recorder.keep("statistics", getAllDomainStats.number, "every domain, running, paused and inactive");

  const paused = await connection.call(listAllDomains, { flags: ListFlags.paused });
  // asking costs QEMU CPU time, which is one of the statistics, so it moves in a paused domain too
  const before = await virshDomstats(connection, paused);
  await connection.call(getAllDomainStats, { domains: paused, groups: EVERY_GROUP, flags: 0 });
  recorder.keep("statistics-paused", getAllDomainStats.number, "the paused domains, between both domstats");
  const after = await virshDomstats(connection, paused);

  const [running] = await connection.call(listAllDomains, { flags: ListFlags.running });
  if (running === undefined) throw new Error("no domain runs");
  await connection.call(getXmlDesc, { domain: running, flags: 0 });
  recorder.keep("xml", getXmlDesc.number, running.name);
  await connection.call(controlInfo, { domain: running });
  recorder.keep("control-info", controlInfo.number, running.name);
  await connection.call(getState, { domain: running });
  recorder.keep("state", getState.number, running.name);
  const nobody = { name: "nobody", uuid: "00000000-0000-0000-0000-000000000000", id: -1 };
  await connection.call(getXmlDesc, { domain: nobody, flags: 0 }).catch(() => undefined);
  recorder.keep("error-no-domain", getXmlDesc.number, "a domain that does not exist");
  await connection.call(suspend, { domain: running }).catch(() => undefined);
  recorder.keep("error-read-only", suspend.number, "a change on a read-only connection");
  await connection.close();

  const version = `${Math.trunc(number / 1_000_000)}.${Math.trunc(number / 1000) % 1000}.${number % 1000}`;
  return { version, before, after };
}

/** libvirt's made-up hypervisor has a domain that may be suspended and gives a real event. */
async function recordEvent(recorder: Recorder, socketPath: string): Promise<void> {
  const connection = await recorder.connect(`test+unix:///default?socket=${socketPath}`, false);
  const { promise, resolve } = Promise.withResolvers<void>();
  await connection.subscribe(lifecycle, () => resolve());
  const [domain] = await connection.call(listAllDomains, { flags: ListFlags.active });
  if (domain === undefined) throw new Error("test:///default has no domain");
  await connection.call(suspend, { domain });
  await promise;
  recorder.keep("event-lifecycle", lifecycle.procedure, `${domain.name} was suspended`);
  await connection.call(resume, { domain });
  await connection.close();
}

const [uri = "qemu:///system"] = process.argv.slice(2);
const recorder = new Recorder();
const { version, before, after } = await recordHypervisor(recorder, uri);
const writable = socketPaths(parseLibvirtUri(uri), { readOnly: false }).find((path) =>
  path.endsWith("/libvirt-sock"),
);
if (writable === undefined) throw new Error(`no read-write socket of libvirtd for ${uri}`);
await recordEvent(recorder, writable);
const folder = join(import.meta.dirname, "..", "test", "fixtures", "replies", version);
await recorder.write(folder);
await writeFile(join(folder, "domstats-before.txt"), before);
await writeFile(join(folder, "domstats-after.txt"), after);
await writeFile(join(folder, "replies.json"), `${JSON.stringify(recorder.recordings, undefined, 2)}\n`);
console.log(`${recorder.recordings.length} replies of libvirt ${version} in ${folder}`);
