/**
 * `kvmeter/libvirt`: a client of libvirt's RPC protocol. See docs/libvirt-client.md.
 */

export { KvmeterError } from "../errors.ts";
export type { Integer } from "../integer.ts";
export { connect, type ConnectOptions } from "./connect.ts";
export type { LibvirtConnection } from "./connection.ts";
export { LibvirtDeadlineError, LibvirtError, LibvirtErrorCode } from "./errors.ts";
export type { EventDefinition } from "./events/event.ts";
export { lifecycle, type Lifecycle, LifecycleEvent } from "./events/lifecycle.ts";
export type { Unsubscribe } from "./events/subscriptions.ts";
export type { KeepaliveOptions } from "./keepalive.ts";
export type { LibvirtFeatures } from "./open.ts";
export type { Procedure } from "./procedure.ts";
export { controlInfo, type ControlInfo, ControlState } from "./procedures/control-info.ts";
export {
  getAllDomainStats,
  type StatsArguments,
  StatsFlags,
  StatsGroups,
} from "./procedures/get-all-domain-stats.ts";
export { type DiskError, DiskErrorCode, getDiskErrors } from "./procedures/get-disk-errors.ts";
export { getHostname } from "./procedures/get-hostname.ts";
export { getLibVersion } from "./procedures/get-lib-version.ts";
export { type DomainState, getState } from "./procedures/get-state.ts";
export { getType } from "./procedures/get-type.ts";
export { getUri } from "./procedures/get-uri.ts";
export { getVersion } from "./procedures/get-version.ts";
export { getXmlDesc, type XmlArguments, XmlFlags } from "./procedures/get-xml-desc.ts";
export { listAllDomains, type ListArguments, ListFlags } from "./procedures/list-all-domains.ts";
export { listAllNetworks, NetworkListFlags } from "./procedures/list-all-networks.ts";
export { listAllStoragePools } from "./procedures/list-all-storage-pools.ts";
export { type DhcpLease, networkGetDhcpLeases } from "./procedures/network-get-dhcp-leases.ts";
export { nodeGetInfo, type NodeInfo } from "./procedures/node-get-info.ts";
export {
  storagePoolGetInfo,
  type StoragePoolInfo,
  StoragePoolState,
} from "./procedures/storage-pool-get-info.ts";
export { Feature, supportsFeature } from "./procedures/supports-feature.ts";
export type { CallOptions } from "./rpc.ts";
export { type CallOutcome, LibvirtStatistics, type ProcedureStatistics } from "./statistics.ts";
export type { DomainRef, DomainStatsRecord, NamedRef, TypedParameter } from "./types.ts";
export { type LibvirtUri, parseLibvirtUri } from "./uri.ts";
export { XdrReader } from "./xdr-reader.ts";
export { XdrWriter } from "./xdr-writer.ts";
