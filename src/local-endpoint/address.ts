import { isIPv6 } from "node:net";

/** Where to listen. */
export interface ListenAddress {
  /** An IP address or `localhost`. */
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** `127.0.0.1:9560`, `[::1]:9560` */
export function formatAddress({ host, port }: ListenAddress): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
