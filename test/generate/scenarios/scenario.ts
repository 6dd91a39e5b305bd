/** What an alert must fire on, and beside it what it must stay silent on. */
export interface AlertScenario {
  readonly alert: string;
  /** Series in the names of the queries, with a value for each minute in promtool's notation. */
  readonly series: Readonly<Record<string, string>>;
  /** When it is looked at. */
  readonly at: string;
  /** All that fire then, with their labels; nothing else may. */
  readonly fires: readonly { readonly labels: Labels; readonly summary: string }[];
  /** When not one may fire. */
  readonly silentAt?: string;
}

/** Labels with their values; also series with theirs. */
export type Labels = Readonly<Record<string, string>>;

const HOST = { "host.name": "kvm1" };
/** Labels of a domain. */
export const domain = (name: string): Labels => ({
  ...HOST,
  "libvirt.domain.name": name,
  "libvirt.domain.uuid": `uuid-of-${name}`,
});

function selector(metric: string, labels: Labels): string {
  const matchers = Object.entries(labels).map(([label, value]) => `"${label}"="${value}"`);
  return `{${[`"${metric}"`, ...matchers].join(", ")}}`;
}

/** The same metric of several domains. */
export function ofDomains(
  metric: string,
  values: Readonly<Record<string, string>>,
  labels: Labels = {},
): Labels {
  return Object.fromEntries(
    Object.entries(values).map(([name, text]) => [selector(metric, { ...domain(name), ...labels }), text]),
  );
}

/** The same metric of several hosts. */
export function ofHosts(
  metric: string,
  values: Readonly<Record<string, string>>,
  labels: Labels = {},
): Labels {
  return Object.fromEntries(
    Object.entries(values).map(([name, text]) => [selector(metric, { "host.name": name, ...labels }), text]),
  );
}
