/**
 * The configuration file: every option with its type, default and description. Validation, the JSON Schema and
 * docs/config.md all come from here.
 */
import * as v from "valibot";

import { LOG_FORMATS, LOG_LEVELS } from "../log.ts";
import { SIGNALS } from "../otlp/destination.ts";
import { QUEUE_DEFAULTS } from "../otlp/options.ts";
import { hostSchema } from "./host-schema.ts";
import { hypervisorSchema, libvirtSchema } from "./hypervisor-schema.ts";
import { listenAddress } from "./listen.ts";
import { duration, MAX_TEXT_LENGTH, object, oneOf, patterns, size, text } from "./option-types.ts";
import { ORDERS, PRESET_NAMES, TEMPORALITIES } from "./presets.ts";
import { processesSchema } from "./processes-schema.ts";
import { statisticsSchema } from "./statistics-schema.ts";
import { formatDuration, formatSize } from "./units.ts";

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;

/** What holds where neither the file nor the environment says anything. */
export const LAST_RESORT_INTERVAL_MS = 10 * SECOND_MS;

/** The bounds of `interval`, which the command line and the environment share. */
export const INTERVAL_LIMITS_MS = { min: 100, max: DAY_MS } as const;

/** The bounds of an exporter's `timeout`, which the environment shares. */
export const TIMEOUT_LIMITS_MS = { min: 100, max: 600 * SECOND_MS } as const;

const tls = object(
  {
    ca_file: v.optional(
      text("Certificate authorities to trust instead of the system's and those that Node comes with, PEM."),
    ),
    cert_file: v.optional(text("Client certificate chain, PEM. Needs `key_file`.")),
    key_file: v.optional(text("Private key of `cert_file`, PEM, not encrypted.")),
    server_name: v.optional(
      text("The name that the server's certificate must bear, where it is not the endpoint's host."),
    ),
  },
  "TLS, for an `https://` endpoint. Paths are relative to the configuration file. Without `ca_file` the system's " +
    "authorities count (those in SSL_CERT_FILE and SSL_CERT_DIR where these are set), those that Node comes with, " +
    "and those in NODE_EXTRA_CA_CERTS.",
);

/** One entry of `export`. */
export const destinationSchema = object(
  {
    preset: v.optional(
      v.pipe(
        v.picklist(PRESET_NAMES, `unknown preset, must be one of ${PRESET_NAMES.join(", ")}`),
        v.description("The kind of destination. It gives the other options their defaults."),
      ),
      "collector",
    ),
    site: v.optional(
      v.pipe(
        text(
          "What stands for `{site}` in the preset's endpoint: your site, zone or environment. See the presets below.",
        ),
        v.regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, "must be part of a host's name"),
      ),
    ),
    endpoint: v.optional(
      text(
        "`http://` or `https://`, host and port. For HTTP the preset's path is added where the URL has none " +
          "or only the beginning of it; any other path is used as it is.",
      ),
    ),
    signals: v.optional(
      v.pipe(
        v.array(oneOf(SIGNALS, "`metrics` or `logs`."), "must be a list such as [metrics, logs]"),
        v.minLength(1, "must have at least one entry"),
        v.maxLength(SIGNALS.length, "must not have more than two entries"),
        v.description(
          "What is sent: `metrics`, and as `logs` what happens to the domains, such as their lifecycle. The preset " +
            "knows whether its backend takes log records at all.",
        ),
      ),
    ),
    logs_endpoint: v.optional(
      text(
        "Where log records go, if not to the backend's usual place beside `endpoint`; `/v1/logs`, or the preset's path " +
          "for them, is added as it is there. All else that is said of the destination, its headers too, holds for both.",
      ),
    ),
    protocol: v.optional(oneOf(["grpc", "http/protobuf"], "How requests travel.")),
    headers: v.optional(
      v.pipe(
        v.record(
          v.pipe(v.string(), v.regex(/^[\w!#$%&'*+.^`|~-]+$/, "must be named like an HTTP header")),
          v.pipe(
            v.string("must be text; put it in quotes"),
            v.regex(/^[\t\u0020-\u007e\u0080-\u00ff]*$/, "must be printable text of one line"),
            v.maxLength(MAX_TEXT_LENGTH, `must not be longer than ${MAX_TEXT_LENGTH} characters`),
          ),
          "must be a mapping of names to values",
        ),
        v.description(
          "HTTP headers or gRPC metadata sent with every request. kvmeter never shows the values.",
        ),
      ),
      {},
    ),
    compression: v.optional(oneOf(["gzip", "none"], "How requests are compressed."), "gzip"),
    timeout: v.optional(
      duration({
        ...TIMEOUT_LIMITS_MS,
        description: "How long one request may take, connecting included.",
      }),
      "10s",
    ),
    request_limit: v.optional(
      size({
        min: 16 * 1024,
        max: 256 * 1024 * 1024,
        description: "Longest request before compression. A cycle that is larger is sent in several.",
      }),
    ),
    identity: v.optional(
      oneOf(
        ["resource", "attributes"],
        "How domains are told apart: `resource` by the resource alone, `attributes` also by name and uuid on " +
          "every point, for a backend that drops resource attributes.",
      ),
    ),
    temporality: v.optional(
      oneOf(
        TEMPORALITIES,
        "What counters and histograms tell: `cumulative` the sum since their start, `delta` what came since the " +
          "last point. Up-down counters and gauges are the same in both.",
      ),
    ),
    order: v.optional(
      oneOf(
        ORDERS,
        "What is sent first after an outage: `oldest-first` keeps the order, `fresh-first` lets new data pass " +
          "what waits. Prometheus needs `oldest-first` unless it has an `out_of_order_time_window`.",
      ),
    ),
    queue: v.optional(
      object(
        {
          max_size: v.optional(
            size({
              min: 1024 * 1024,
              max: 1024 ** 4,
              description: "Space for what waits, compressed, on disk. The oldest is dropped beyond it.",
            }),
            formatSize(QUEUE_DEFAULTS.maxBytes),
          ),
          max_age: v.optional(
            duration({
              min: 60 * SECOND_MS,
              max: 30 * DAY_MS,
              description: "How long to try. The preset knows what its backend still takes.",
            }),
          ),
        },
        "What waits while the backend is away. Metrics and log records have a queue each, with these limits.",
      ),
      {},
    ),
    replay_rate: v.optional(
      size({
        min: 1024,
        max: 1024 ** 3,
        description: "How much of what waits is sent each second after an outage, compressed.",
      }),
      formatSize(QUEUE_DEFAULTS.replayRateBytesPerS),
    ),
    tls: v.optional(tls),
  },
  "One backend.",
);

/** The whole file. */
export const configurationSchema = object(
  {
    libvirt: v.optional(
      v.pipe(
        v.array(libvirtSchema, "must be a list; begin each entry with a dash"),
        v.minLength(1, "must have at least one entry"),
        v.maxLength(64, "must not have more than 64 entries"),
        v.description("The hypervisors to read."),
      ),
      [{}],
    ),
    interval: v.optional(
      duration({
        ...INTERVAL_LIMITS_MS,
        description: "Time from one cycle to the next. Left out, OTEL_METRIC_EXPORT_INTERVAL decides.",
        lastResort: formatDuration(LAST_RESORT_INTERVAL_MS),
      }),
    ),
    host: v.optional(hostSchema, {}),
    hypervisor: v.optional(hypervisorSchema, {}),
    domains: v.optional(
      object(
        {
          include: v.optional(patterns("Names of domains to read."), ["*"]),
          exclude: v.optional(patterns("Names of domains to leave out, even where `include` has them."), []),
        },
        "Which domains to read.",
      ),
      {},
    ),
    metrics: v.optional(
      object(
        {
          enable: v.optional(
            patterns("Names of metrics to send that are off by default: see `kvmeter metrics`."),
            [],
          ),
          disable: v.optional(patterns("Names of metrics not to send, even where `enable` has them."), []),
        },
        "Which metrics to send.",
      ),
      {},
    ),
    statistics: v.optional(statisticsSchema, {}),
    processes: v.optional(processesSchema, {}),
    export: v.optional(
      v.pipe(
        v.array(destinationSchema, "must be a list; begin each entry with a dash"),
        v.minLength(
          1,
          "must have at least one entry; leave it out to use the OTEL_EXPORTER_OTLP_* environment",
        ),
        v.maxLength(64, "must not have more than 64 entries"),
        v.description(
          "Where metrics and log records go. With this section the OTEL_EXPORTER_OTLP_* environment is not looked at; without " +
            "it, it names the one destination.",
        ),
      ),
    ),
    state_directory: v.optional(
      text(
        "Where kvmeter keeps what waits to be sent, and how far deltas have been told, from one run to the next: a " +
          "directory of its own, such as /var/lib/kvmeter. Relative to the configuration file. Without it both are " +
          "kept in memory.",
      ),
    ),
    resource_attributes: v.optional(
      v.pipe(
        v.record(
          v.pipe(v.string(), v.nonEmpty("must have a name"), v.maxLength(255, "must have a shorter name")),
          v.union(
            [
              v.string(),
              v.pipe(v.number(), v.safeInteger("must be a whole number below 2^53; put any other in quotes")),
              v.boolean(),
            ],
            "must be text, a whole number, true or false",
          ),
          "must be a mapping of names to values",
        ),
        v.description(
          "Attributes for every resource, such as `deployment.environment.name`. They are added to those of " +
            "OTEL_RESOURCE_ATTRIBUTES and win over them.",
        ),
      ),
      {},
    ),
    listen: v.optional(
      listenAddress(
        "Address and port of the local endpoint with /healthz, /readyz and /metrics, such as `127.0.0.1:9560`. Left " +
          "out, there is none. It knows no password: any address but a loopback one shows all domains to whoever " +
          "reaches it.",
      ),
    ),
    log: v.optional(
      object(
        {
          level: v.optional(oneOf(LOG_LEVELS, "How much to log: this level and those before it."), "info"),
          format: v.optional(
            oneOf(
              LOG_FORMATS,
              "`json` lines, `pretty` text, or `auto`: pretty on a terminal, json elsewhere.",
            ),
            "auto",
          ),
        },
        "kvmeter's own log, on standard error.",
      ),
      {},
    ),
  },
  "The configuration of kvmeter.",
);

/** What the schema makes of one entry of `export`. */
export type FileDestination = v.InferOutput<typeof destinationSchema>;

/** What the schema makes of a file: durations in milliseconds, sizes in bytes, its own defaults filled in. */
export type FileConfiguration = v.InferOutput<typeof configurationSchema>;
