import { stringify } from "yaml";

import { configurationJsonSchema } from "../../src/config/json-schema.ts";
import { VERSION } from "../../src/version.ts";

/** deploy/helm/kvmeter/Chart.yaml: its version is the program's. */
export function renderChart(): string {
  const chart = {
    apiVersion: "v2",
    name: "kvmeter",
    description: "Monitoring agent for KVM hosts, on every hypervisor node of a cluster",
    type: "application",
    version: VERSION,
    appVersion: VERSION,
    kubeVersion: ">=1.25.0-0",
    keywords: ["kvm", "libvirt", "kubevirt", "opentelemetry", "monitoring"],
  };
  return stringify(chart, { lineWidth: 0 });
}

const TEXT = { type: "string" } as const;
const FLAG = { type: "boolean" } as const;
/** What Kubernetes itself checks. */
const ANYTHING = { type: "object" } as const;
const LIST = { type: "array" } as const;
const TEXTS = { type: "object", additionalProperties: TEXT } as const;
const PATH = { type: "string", pattern: "^/" } as const;

const PROPERTIES = {
  image: section({
    repository: { type: "string", minLength: 1 },
    tag: TEXT,
    digest: { type: "string", pattern: "^(sha256:[0-9a-f]{64})?$" },
    pullPolicy: { enum: ["Always", "IfNotPresent", "Never"] },
  }),
  imagePullSecrets: LIST,
  hypervisor: { enum: ["libvirt", "kubevirt"] },
  libvirt: section({ uri: { type: "string", minLength: 1 }, runDirectory: PATH }),
  kubevirt: section({ kubeletDirectory: PATH }),
  secret: section({ existingName: TEXT, data: TEXTS }),
  env: LIST,
  state: section({ sizeLimit: TEXT, hostPath: { type: "string", pattern: "^(/.*)?$" } }),
  rights: { enum: ["minimal", "full"] },
  endpoint: section({ enabled: FLAG, port: { type: "integer", minimum: 1, maximum: 65_535 } }),
  podMonitor: section({ enabled: FLAG, interval: TEXT, labels: TEXTS }),
  resources: ANYTHING,
  serviceAccount: section({ annotations: TEXTS }),
  podAnnotations: TEXTS,
  podLabels: TEXTS,
  podSecurityContext: ANYTHING,
  priorityClassName: TEXT,
  nodeSelector: TEXTS,
  affinity: ANYTHING,
  tolerations: LIST,
  updateStrategy: ANYTHING,
  // What an umbrella chart gives to all its parts.
  global: ANYTHING,
};

/** deploy/helm/kvmeter/values.schema.json: `config` is checked as the file is, before anything is installed. */
export function renderValuesSchema(): string {
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    ...section({ ...PROPERTIES, config: configurationJsonSchema() }),
  };
  // Helm's regular expressions are Go's: they do not know \u00e4, they do know \xe4.
  return `${JSON.stringify(schema, undefined, 2).replaceAll(String.raw`\\u00`, String.raw`\\x`)}\n`;
}

function section<Properties>(properties: Properties) {
  return { type: "object", properties, additionalProperties: false };
}
