/** REMOTE_PROC_* of remote_protocol.x without that prefix: what the simulator answers. */
export const PROCEDURES = {
  CONNECT_OPEN: 1,
  CONNECT_CLOSE: 2,
  CONNECT_GET_TYPE: 3,
  CONNECT_GET_VERSION: 4,
  NODE_GET_INFO: 6,
  DOMAIN_GET_XML_DESC: 14,
  DOMAIN_LOOKUP_BY_ID: 22,
  DOMAIN_LOOKUP_BY_NAME: 23,
  DOMAIN_LOOKUP_BY_UUID: 24,
  CONNECT_GET_HOSTNAME: 59,
  CONNECT_SUPPORTS_FEATURE: 60,
  AUTH_LIST: 66,
  AUTH_POLKIT: 70,
  STORAGE_POOL_GET_INFO: 87,
  CONNECT_GET_URI: 110,
  CONNECT_GET_LIB_VERSION: 157,
  DOMAIN_GET_STATE: 212,
  DOMAIN_BLOCK_STATS_FLAGS: 243,
  DOMAIN_GET_CONTROL_INFO: 229,
  DOMAIN_GET_DISK_ERRORS: 263,
  CONNECT_LIST_ALL_DOMAINS: 273,
  CONNECT_LIST_ALL_STORAGE_POOLS: 281,
  CONNECT_LIST_ALL_NETWORKS: 283,
  DOMAIN_GET_JOB_STATS: 298,
  CONNECT_DOMAIN_EVENT_CALLBACK_REGISTER_ANY: 316,
  CONNECT_DOMAIN_EVENT_CALLBACK_DEREGISTER_ANY: 317,
  NETWORK_GET_DHCP_LEASES: 341,
  CONNECT_GET_ALL_DOMAIN_STATS: 344,
  CONNECT_REGISTER_CLOSE_CALLBACK: 360,
  CONNECT_UNREGISTER_CLOSE_CALLBACK: 361,
} as const;

export type ProcedureName = keyof typeof PROCEDURES;

const NAMES = new Map<number, ProcedureName>(
  Object.entries(PROCEDURES).map(([name, number]) => [number, name as ProcedureName]),
);

/** The name of a procedure that the simulator answers. */
export function procedureName(number: number): ProcedureName | undefined {
  return NAMES.get(number);
}

/** A procedure from its name, in which CONNECT_ or DOMAIN_ in front may be left out: GET_XML_DESC. */
export function procedureFrom(text: string): ProcedureName | undefined {
  const name = [text, `CONNECT_${text}`, `DOMAIN_${text}`].find((candidate) =>
    Object.hasOwn(PROCEDURES, candidate),
  );
  return name as ProcedureName | undefined;
}
