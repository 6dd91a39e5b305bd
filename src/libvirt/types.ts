import type { Integer } from "../integer.ts";

/** How libvirt names a domain on the wire (remote_nonnull_domain). */
export interface DomainRef {
  readonly name: string;
  /** Canonical lower-case text, 8-4-4-4-12. */
  readonly uuid: string;
  /** The running instance's number, -1 while the domain is inactive. */
  readonly id: number;
}

/** How libvirt names a storage pool or a network on the wire (remote_nonnull_storage_pool, _network). */
export interface NamedRef {
  readonly name: string;
  /** Canonical lower-case text, 8-4-4-4-12. */
  readonly uuid: string;
}

/** One virTypedParameter. Field names are interned: equal names are the same string. */
export interface TypedParameter {
  readonly field: string;
  readonly value: Integer | boolean | string;
}

/** One domain's part of a bulk statistics reply (virDomainStatsRecord). */
export interface DomainStatsRecord {
  readonly domain: DomainRef;
  readonly parameters: readonly TypedParameter[];
}
