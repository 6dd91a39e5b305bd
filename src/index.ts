/**
 * kvmeter as a library: the catalogue of metrics on any OpenTelemetry Meter. See docs/library.md. `kvmeter/libvirt`
 * is the client of libvirt's protocol on its own.
 */
export { KvmeterError } from "./errors.ts";
export {
  type ClosableLibvirtSource,
  createLibvirtSource,
  type LibvirtSourceOptions,
} from "./libvirt-source.ts";
export { type CatalogueAttribute, type CatalogueEntry, catalogue } from "./metrics/catalogue.ts";
export { type LibvirtSource, registerLibvirtInstruments } from "./metrics/instruments.ts";
export type { MetricSelection } from "./metrics/selection.ts";
export type { DomainReading, HypervisorIdentity, HypervisorReading } from "./readings/domain.ts";
