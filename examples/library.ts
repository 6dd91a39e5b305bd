/**
 * libvirt's domains on an OpenTelemetry SDK of your own: kvmeter registers its catalogue on a Meter, the SDK
 * collects and pushes.
 *
 *     node_modules/.bin/node --conditions=kvmeter-source examples/library.ts [URI] [seconds]
 *
 * Where to is OTEL_EXPORTER_OTLP_ENDPOINT, http://localhost:4317 unless given.
 */

import { diag, DiagConsoleLogger, DiagLogLevel } from "@opentelemetry/api";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-grpc";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { createLibvirtSource, registerLibvirtInstruments } from "kvmeter";
import { connect, getHostname } from "kvmeter/libvirt";

const [uri = "qemu:///system", seconds = "60"] = process.argv.slice(2);

// Without this the SDK keeps to itself that a reading or an export failed.
diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);

// One Resource for all domains: whose host it is can stand there, a domain's identity stands on its points.
await using connection = await connect(uri);
const hostName = await connection.call(getHostname);

const provider = new MeterProvider({
  resource: defaultResource().merge(
    resourceFromAttributes({ "service.name": "my-service", "host.name": hostName }),
  ),
  readers: [
    new PeriodicExportingMetricReader({
      exporter: new OTLPMetricExporter(),
      exportIntervalMillis: 10_000,
      exportTimeoutMillis: 5000,
    }),
  ],
});

const metrics = { enable: ["libvirt.domain.vcpu.status"], disable: ["libvirt.domain.perf.*"] };
const source = createLibvirtSource({ uri, metrics });
const unregister = registerLibvirtInstruments(provider.getMeter("kvmeter"), source, metrics);

await new Promise((resolve) => {
  setTimeout(resolve, Number(seconds) * 1000);
});

await provider.forceFlush();
unregister();
await provider.shutdown();
await source.close();
console.log(`pushed the domains of ${hostName} for ${seconds} s`);
