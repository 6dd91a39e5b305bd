/** Conditions of selectors on what is chosen at the top of a dashboard: several hosts, one host, one domain. */
export const ON_HOSTS = '"host.name"=~"$host"';
export const ON_HOST = '"host.name"="$host"';
export const OF_DOMAIN = `${ON_HOST}, "libvirt.domain.name"="$domain"`;

/** What tells domains apart in queries over many hosts. */
export const BY_DOMAIN = '"host.name", "libvirt.domain.name"';

/** Growth per second. */
export function rate(metric: string, conditions: string): string {
  return `rate({"${metric}", ${conditions}}[$__rate_interval])`;
}

/** Growth per second of what is read less often than others: at the scrape interval's pace one value is no growth yet. */
export function slowRate(metric: string, conditions: string): string {
  return `${rate(metric, conditions)}\n  or rate({"${metric}", ${conditions}}[5m])`;
}
