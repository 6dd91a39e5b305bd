import { EXPORTER_METRICS, type ExporterMetric } from "../../../src/local-endpoint/libvirt-exporter-names.ts";
import { type Translation, translationTable } from "./names.ts";

const PREFACE = `# Coming from libvirt-exporter

<!-- Generated from src/local-endpoint/libvirt-exporter-names.ts by npm run generate. -->

For those who run [Tinkoff's libvirt-exporter](https://github.com/Tinkoff/libvirt-exporter); names are those of 2.2.0.

What changes:

- kvmeter pushes. For as long as dashboards move, \`listen\` switches on a local endpoint, whose \`/metrics/libvirt-exporter\`
  has that exporter's names: see [the local endpoint](../endpoint.md).
- A domain is known by its uuid as well as by its name, and every series says on which host it is. That exporter's series
  had \`domain\` alone, and the host came from the scrape's \`instance\`.
- What could not be read is absent. That exporter sent 0 for the memory of a guest without balloon statistics, and left
  out disks called \`hda\` and \`hdc\`.
- One VM that hangs costs that VM's figures, not the scrape.

## Names
`;

const OTHERS: readonly Translation[] = [
  {
    theirs: "libvirt_domain_vcpu_cpu",
    note: "On which CPU a vCPU happens to run; steal says what it costs.",
  },
  { theirs: "libvirt_domain_block_stats_limit_*", note: "" },
  { theirs: "libvirt_domain_interface_meta", note: "The device's name and MAC stand on every series." },
  { theirs: "libvirt_storage_pool_info_state", note: "" },
];

const AFTER = `
Kept apart there and together here: a direction is an attribute (\`disk.io.direction\`, \`network.io.direction\`), so that
both can be summed.

## The way over

1. Install kvmeter beside the exporter; both read the same libvirt, neither disturbs the other.
2. Point it at your backend: [destinations](../destinations/README.md).
3. Import the [dashboards](../../config/dashboards/README.md) and load the [alerts](../alerts.md).
4. Rewrite what you have of your own with the table above. \`rate(libvirt_domain_block_stats_read_bytes_total[5m])\` is
   \`rate(libvirt_domain_disk_io_bytes_total{disk_io_direction="read"}[5m])\` in Prometheus; which backend has which
   spelling is in the [dashboards' README](../../config/dashboards/README.md).
5. Stop the exporter.
`;

/** docs/migration/libvirt-exporter.md */
export function renderLibvirtExporterDoc(): string {
  return `${PREFACE}
${translationTable([...EXPORTER_METRICS.map(translation), ...OTHERS])}${AFTER}`;
}

function translation({ name, from, where = {}, value }: ExporterMetric): Translation {
  const conditions = Object.entries(where).map(([attribute, wanted]) => `\`${attribute}\` ${wanted}`);
  return {
    theirs: name,
    ours: from,
    ...(conditions.length === 0 ? {} : { where: `(${conditions.join(", ")})` }),
    note: noteOf(value),
  };
}

function noteOf(value: ExporterMetric["value"]): string {
  if (value === undefined) return "";
  if (value === "percent") return "A share, 0 to 1, there 0 to 100.";
  if (value === "presence") return "Project, flavor and user are attributes of the resource.";
  return `\`${value.attribute}\` has the name of the state whose value is 1; there it was libvirt's number.`;
}
