import { setTimeout as sleep } from "node:timers/promises";

import { writeTypedParameters } from "../libvirt/typed-parameters.ts";
import { blockStatsFlags, getAllDomainStats } from "./bulk-statistics.ts";
import { FILTER_FLAGS, passesFilter, refuseFlags } from "./domain-filter.ts";
import { ErrorCode, ErrorDomain, ReplyError, internalError } from "./reply-error.ts";
import type { HandlerRow } from "./session.ts";
import { findDomain, noDomain, readDomain, readUuid, writeDomain } from "./wire-domain.ts";
import { domainXml } from "./xml.ts";

/** VIR_DOMAIN_EVENT_ID_LAST of each release. */
const EVENT_IDS = { "9.0": 27, "12.8": 30 } as const;
const CONTROL_OK = 0;
const CONTROL_OCCUPIED = 2;

/** Procedures of domains. */
export const DOMAIN_HANDLERS = {
  // int need_results, uint flags -> dom<>, uint ret
  CONNECT_LIST_ALL_DOMAINS: {
    priority: true,
    handle({ daemon: { world } }, reader, writer) {
      const needed = reader.i32() !== 0;
      const flags = reader.u32();
      refuseFlags(flags, FILTER_FLAGS, "qemuConnectListAllDomains");
      const domains = [...world.domains].filter((domain) => passesFilter(domain, flags));
      writer.array(needed ? domains : [], (domain) => writeDomain(writer, domain));
      writer.u32(domains.length);
    },
  },
  // int id -> dom
  DOMAIN_LOOKUP_BY_ID: {
    priority: true,
    handle({ daemon: { world } }, reader, writer) {
      const id = reader.i32();
      const domain = [...world.domains].find((candidate) => candidate.active && candidate.id === id);
      writeDomain(writer, domain ?? noDomain(`no domain with matching id ${id}`));
    },
  },
  // str name -> dom
  DOMAIN_LOOKUP_BY_NAME: {
    priority: true,
    handle({ daemon: { world } }, reader, writer) {
      const name = reader.string();
      writeDomain(writer, world.named(name) ?? noDomain(`no domain with matching name '${name}'`));
    },
  },
  // opaque uuid[16] -> dom
  DOMAIN_LOOKUP_BY_UUID: {
    priority: true,
    handle({ daemon: { world } }, reader, writer) {
      const uuid = readUuid(reader);
      writeDomain(writer, world.get(uuid) ?? noDomain(`no domain with matching uuid '${uuid}'`));
    },
  },
  CONNECT_GET_ALL_DOMAIN_STATS: {
    priority: false,
    handle: ({ daemon }, reader, writer) => getAllDomainStats(daemon, reader, writer),
  },
  DOMAIN_BLOCK_STATS_FLAGS: {
    priority: false,
    handle: ({ daemon }, reader, writer) => blockStatsFlags(daemon, reader, writer),
  },
  // dom, uint flags -> str
  DOMAIN_GET_XML_DESC: {
    priority: false,
    async handle({ daemon }, reader, writer) {
      const domain = findDomain(reader, daemon.world);
      reader.u32();
      const delayMs = daemon.faults.delayMs({ domain: domain.name });
      if (delayMs > 0) await sleep(delayMs, undefined, { ref: false });
      writer.string(domainXml(domain, daemon.release));
    },
  },
  // dom, uint flags -> int state, int reason
  DOMAIN_GET_STATE: {
    priority: true,
    handle({ daemon }, reader, writer) {
      const domain = findDomain(reader, daemon.world);
      reader.u32();
      writer.i32(domain.state);
      writer.i32(domain.reason);
    },
  },
  // dom, uint flags -> uint state, uint details, u64 ms
  DOMAIN_GET_CONTROL_INFO: {
    priority: true,
    handle({ daemon }, reader, writer) {
      const domain = findDomain(reader, daemon.world);
      reader.u32();
      if (!domain.active) {
        throw new ReplyError(ErrorCode.operationInvalid, ErrorDomain.qemu, {
          format: "Requested operation is not valid: %s",
          detail: "domain is not running",
        });
      }
      const occupiedMs = daemon.jobs.occupiedMs(domain.uuid);
      writer.u32(occupiedMs === undefined ? CONTROL_OK : CONTROL_OCCUPIED);
      writer.u32(0);
      writer.u64(Math.floor(occupiedMs ?? 0));
    },
  },
  // dom, uint flags -> int type, tp params<64>
  DOMAIN_GET_JOB_STATS: {
    priority: false,
    async handle({ daemon }, reader, writer) {
      const domain = findDomain(reader, daemon.world);
      refuseFlags(reader.u32(), 0, "qemuDomainGetJobStats");
      // It waits for whoever is at the domain, and does not ask QEMU itself.
      (await daemon.jobs.take(domain.uuid, { wait: true }))?.();
      const { type, parameters } = daemon.backgroundJobs.stats(domain.uuid);
      writer.i32(type);
      writeTypedParameters(writer, parameters);
    },
  },
  // dom, uint maxerrors, uint flags -> {str disk, int error}<>, int nerrors
  DOMAIN_GET_DISK_ERRORS: {
    priority: false,
    handle({ daemon }, reader, writer) {
      const { diskErrors } = findDomain(reader, daemon.world);
      reader.u32();
      reader.u32();
      writer.array(diskErrors, ({ disk, error }) => {
        writer.string(disk);
        writer.i32(error);
      });
      writer.i32(diskErrors.length);
    },
  },
  // int eventID, dom? dom -> int callbackID
  CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY: {
    priority: true,
    handle({ daemon, callbacks }, reader, writer) {
      const eventId = reader.i32();
      const uuid = reader.optional(() => readDomain(reader).uuid);
      if (eventId < 0 || eventId >= EVENT_IDS[daemon.release])
        throw internalError(`unsupported event ID ${eventId}`);
      const tracked = [...callbacks.values()].some(
        (other) => other.eventId === eventId && other.uuid === uuid,
      );
      if (tracked) {
        throw new ReplyError(ErrorCode.invalidArgument, ErrorDomain.none, {
          format: "invalid argument: %s",
          detail: "event callback already tracked",
        });
      }
      const callback = daemon.nextCallback++;
      callbacks.set(callback, { eventId, uuid });
      writer.i32(callback);
    },
  },
  // int callbackID -> void
  CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY: {
    priority: true,
    handle({ callbacks }, reader) {
      const callback = reader.i32();
      if (!callbacks.delete(callback))
        throw internalError(`domain event callback ${callback} not registered`);
    },
  },
} as const satisfies Record<string, HandlerRow>;
