import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { KvmeterError } from "../../src/errors.ts";
import { writeDomainRef } from "../../src/libvirt/domain-ref.ts";
import { readLibvirtError } from "../../src/libvirt/errors.ts";
import { encodeFrame, KEEPALIVE_PROGRAM, REMOTE_PROGRAM } from "../../src/libvirt/framing.ts";
import {
  controlInfo,
  type DomainRef,
  getAllDomainStats,
  getXmlDesc,
  lifecycle,
  listAllDomains,
  nodeGetInfo,
  type TypedParameter,
} from "../../src/libvirt/index.ts";
import { RpcClient } from "../../src/libvirt/rpc.ts";
import type { TransportListener } from "../../src/libvirt/transport.ts";
import { readTypedParameters, writeTypedParameters } from "../../src/libvirt/typed-parameters.ts";
import { XdrReader } from "../../src/libvirt/xdr-reader.ts";
import { errorPayload, xdr } from "./fake-daemon.ts";
import { RECORDED_VERSIONS, recordedReply } from "./recorded-replies.ts";

const REPLIES = 100_000;
const STREAMS = 5_000;
/** Another seed tries other mutations: KVMETER_FUZZ_SEED=2 node --test … */
const SEED = Number(process.env["KVMETER_FUZZ_SEED"] ?? 1);

/** Uniform integers below a bound, from a seed (mulberry32). */
function randomIntegers(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * bound);
  };
}

const NASTY_WORDS = [
  0, 1, 7, 8, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff, 16_385, 4_194_305,
];

/** One to four small accidents. */
function mutate(original: Buffer, random: (bound: number) => number): Buffer {
  let bytes = Buffer.from(original);
  for (let accident = random(4); accident >= 0; accident--) {
    const at = random(bytes.length + 1);
    const word = at & ~3;
    switch (random(6)) {
      case 0:
        bytes = bytes.subarray(0, at);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
        break;
      case 2:
        if (word + 4 <= bytes.length) bytes.writeUInt32BE(NASTY_WORDS[random(NASTY_WORDS.length)] ?? 0, word);
        break;
      case 3:
        if (word + 4 <= bytes.length)
          bytes.writeUInt32BE((bytes.readUInt32BE(word) + random(9) - 4) >>> 0, word);
        break;
      case 4:
        bytes = Buffer.concat([
          bytes.subarray(0, word),
          bytes.subarray(Math.min(bytes.length, word + 4 * random(9))),
        ]);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(bytes.length + 1))]).subarray(
          0,
          70_000,
        );
    }
  }
  return bytes;
}

const isDomain = ({ name, uuid, id }: DomainRef): boolean =>
  typeof name === "string" && uuid.length === 36 && Number.isInteger(id);
const isParameter = ({ field, value }: TypedParameter): boolean =>
  typeof field === "string" && ["string", "number", "bigint", "boolean"].includes(typeof value);

const domains = [1, 2, 3].map((id) => ({
  name: `vm-${id}`,
  uuid: "00112233-4455-6677-8899-aabbccddeeff",
  id,
}));
const parameters = [1, 2 ** 40, 2n ** 60n, -1, 0.5, true, "vnet0"].map((value, n) => ({
  field: `net.${n}.x`,
  value,
}));

interface Codec {
  readonly payloads: readonly Buffer[];
  /** Decodes and says whether the result has its shape. */
  decode(reader: XdrReader): boolean;
}

/** Small payloads, so that a mutation is likely to hit something; the recorded ones are in the streams. */
const CODECS: readonly Codec[] = [
  {
    payloads: [
      xdr((writer) =>
        writer.array(domains, (domain) => {
          writeDomainRef(writer, domain);
          writeTypedParameters(writer, parameters);
        }),
      ),
    ],
    decode: (reader) =>
      getAllDomainStats
        .decode(reader)
        .every((one) => isDomain(one.domain) && one.parameters.every(isParameter)),
  },
  {
    payloads: RECORDED_VERSIONS.map((version) => recordedReply(version, "list")),
    decode: (reader) => listAllDomains.decode(reader).every(isDomain),
  },
  {
    payloads: [xdr((writer) => writeTypedParameters(writer, parameters))],
    decode: (reader) => readTypedParameters(reader, 1000).every(isParameter),
  },
  {
    payloads: [errorPayload(42, "größe"), recordedReply("12.8.0", "error-no-domain")],
    decode: (reader) => typeof readLibvirtError(reader).message === "string",
  },
  {
    payloads: [recordedReply("9.0.0", "xml"), recordedReply("12.8.0", "xml").subarray(0, 100)],
    decode: (reader) => typeof getXmlDesc.decode(reader) === "string",
  },
  {
    payloads: [recordedReply("9.0.0", "event-lifecycle").subarray(4)],
    decode: (reader) => isDomain(lifecycle.decode(reader).domain),
  },
  {
    payloads: [recordedReply("9.0.0", "node-info"), recordedReply("9.0.0", "control-info")],
    decode: (reader) =>
      reader.remaining < 20
        ? Number.isInteger(controlInfo.decode(reader).state)
        : typeof nodeGetInfo.decode(reader).model === "string",
  },
];

/** Everything that may come out of bytes. */
function assertClear(error: unknown): void {
  assert.ok(error instanceof KvmeterError, String(error));
  assert.match(error.code, /^LIBVIRT_(PROTOCOL|REPLY|DISCONNECTED|DEADLINE)$/);
  assert.ok(error.message.length > 10 && error.message.length < 1500, error.message);
}

describe("the decoder", () => {
  test(`survives ${REPLIES} mutated replies`, (context) => {
    context.diagnostic(`seed ${SEED}`);
    const random = randomIntegers(SEED);
    const startBytes = process.memoryUsage().rss;
    let refused = 0;
    let slowestMs = 0;
    for (let round = 0; round < REPLIES; round++) {
      const codec = CODECS[random(CODECS.length)]!;
      const bytes = mutate(codec.payloads[random(codec.payloads.length)]!, random);
      const startMs = performance.now();
      try {
        assert.ok(codec.decode(new XdrReader(bytes)), `shape, round ${round}`);
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        assertClear(error);
        refused += 1;
      }
      slowestMs = Math.max(slowestMs, performance.now() - startMs);
    }
    context.diagnostic(
      `${refused} refused, ${REPLIES - refused} decoded, the slowest took ${slowestMs.toFixed(1)} ms`,
    );
    assert.ok(refused > REPLIES / 4 && refused < REPLIES, "mutations are neither harmless nor always fatal");
    assert.ok(slowestMs < 1000, `${slowestMs} ms for one reply`);
    const grownBytes = process.memoryUsage().rss - startBytes;
    assert.ok(grownBytes < 200_000_000, `${grownBytes} bytes`);
  });
});

/** A client, and the bytes that a daemon would send to answer it and between. */
function session(random: (bound: number) => number): {
  stream: Buffer;
  feed: (bytes: Buffer) => Promise<unknown[]>;
} {
  const heard: { listener?: TransportListener } = {};
  const transport = {
    peer: "/run/test",
    unsentBytes: 0,
    start: (listener: TransportListener) => void (heard.listener = listener),
    write() {},
    close() {},
  };
  const rpc = new RpcClient(transport, { timeoutMs: 60_000, frameLimitBytes: 1_000_000 }, (_, reader) => {
    reader.i32();
    lifecycle.decode(reader);
  });
  const stats = { domains: [], groups: 0, flags: 0 };
  const calls = [rpc.call(getAllDomainStats, stats), rpc.call(listAllDomains, { flags: 0 })];
  const version = RECORDED_VERSIONS[random(RECORDED_VERSIONS.length)]!;
  // the priority call is sent at once too: serials are 1 and 2
  const header = { program: REMOTE_PROGRAM, version: 1, type: 1, status: 0 };
  const stream = Buffer.concat([
    encodeFrame({ ...header, program: KEEPALIVE_PROGRAM, procedure: 1, type: 2, serial: 0 }),
    encodeFrame({ ...header, procedure: listAllDomains.number, serial: 2 }, recordedReply(version, "list")),
    encodeFrame({ ...header, procedure: 318, type: 2, serial: 0 }, recordedReply(version, "event-lifecycle")),
    encodeFrame(
      { ...header, procedure: getAllDomainStats.number, serial: 1 },
      random(20) === 0 ? recordedReply(version, "statistics-paused") : CODECS[0]!.payloads[0],
    ),
  ]);
  return {
    stream,
    async feed(bytes) {
      const settled = Promise.allSettled(calls);
      for (let at = 0; at < bytes.length;) {
        const end = at + 1 + random(900);
        heard.listener?.onData(bytes.subarray(at, end));
        at = end;
      }
      heard.listener?.onClose(undefined);
      const results = await settled;
      await rpc.closed;
      return results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
    },
  };
}

describe("the connection", () => {
  test("gives both results when nothing is mutated", async () => {
    const { stream, feed } = session(randomIntegers(SEED));
    assert.deepEqual(await feed(stream), []);
  });

  test(`survives ${STREAMS} mutated streams: every call settles, with a result or a clear error`, async (context) => {
    context.diagnostic(`seed ${SEED}`);
    const random = randomIntegers(SEED);
    let failures = 0;
    for (let round = 0; round < STREAMS; round++) {
      const { stream, feed } = session(random);
      const errors = await feed(mutate(stream, random));
      for (const error of errors) assertClear(error);
      failures += errors.length;
    }
    context.diagnostic(`${failures} of ${2 * STREAMS} calls failed`);
    assert.ok(failures > STREAMS / 4 && failures < 2 * STREAMS);
  });
});
