import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { parse, parseAllDocuments, stringify } from "yaml";

import { loadConfiguration } from "../../src/config/load.ts";
import { startSimulator } from "../../src/simulator/index.ts";
import { VERSION } from "../../src/version.ts";
import { startCollector } from "./bed/collector.ts";
import { paths, repositoryRoot } from "./bed/parts.ts";
import { waitFor } from "./bed/processes.ts";
import { skipWithout } from "./bed/skip.ts";
import { startVictoriaMetrics } from "./bed/victoriametrics.ts";
import { writeKubernetesSchemas } from "./kubernetes-schemas.ts";
import { startKvmeter } from "./kvmeter.ts";

const execute = promisify(execFile);
const KUBERNETES = "1.34.1";
const CHART = join(repositoryRoot, "deploy/helm/kvmeter");
const inRepository = { cwd: repositoryRoot };

const template = (...args: string[]) =>
  execute(paths.helm, ["template", "kvmeter", CHART, "--kube-version", KUBERNETES, ...args]);

let scratch = "";
before(async () => {
  scratch = await mkdtemp(join(tmpdir(), "kvmeter-deployment-"));
});
after(() => rm(scratch, { recursive: true, force: true }));

describe("the chart", async () => {
  const skip = await skipWithout("deployment-tools");
  const VARIANTS = {
    libvirt: [],
    kubevirt: ["--set", "hypervisor=kubevirt", "--set-string", "nodeSelector.kubevirt\\.io/schedulable=true"],
    everything: [
      "--set",
      "rights=full,endpoint.enabled=true,podMonitor.enabled=true,podMonitor.labels.release=prometheus",
      "--set",
      "secret.data.token=x,state.hostPath=/var/lib/kvmeter,image.digest=sha256:" + "0".repeat(64),
      "--set",
      "priorityClassName=system-node-critical,tolerations[0].operator=Exists,imagePullSecrets[0].name=pull",
      "--set",
      "env[0].name=OTEL_RESOURCE_ATTRIBUTES,env[0].value=a=b,config.interval=30s",
    ],
  };

  test(
    "makes what Kubernetes knows, to the last field, and a configuration that kvmeter takes",
    { skip },
    async () => {
      const schemas = join(scratch, "schemas");
      await writeKubernetesSchemas(schemas);
      const location = `${schemas}/{{ .ResourceKind }}{{ .KindSuffix }}.json`;
      const conform = [
        "-strict",
        "-summary",
        "-kubernetes-version",
        KUBERNETES,
        "-schema-location",
        location,
      ];
      await execute(paths.helm, ["lint", "--strict", "--kube-version", KUBERNETES, CHART]);
      for (const [name, args] of Object.entries(VARIANTS)) {
        const { stdout } = await template(...args);
        const file = join(scratch, `${name}.yaml`);
        await writeFile(file, stdout);
        const { stdout: summary } = await execute(paths.kubeconform, [...conform, file]);
        assert.match(summary, /Invalid: 0, Errors: 0, Skipped: 0/);
        const configuration = join(scratch, "kvmeter.yaml");
        await writeFile(configuration, configurationIn(stdout));
        loadConfiguration({ file: configuration, env: { NODE_NAME: "node-1" } });
      }
      // What would not be found otherwise is found.
      const wrong = join(scratch, "wrong.yaml");
      const made = await readFile(join(scratch, "libvirt.yaml"), "utf8");
      await writeFile(wrong, made.replace("readOnlyRootFilesystem:", "readOnlyRootFileSystem:"));
      await assert.rejects(execute(paths.kubeconform, [...conform, wrong]), { code: 1 });
    },
  );

  test("refuses values that kvmeter would refuse, before anything is installed", { skip }, async () => {
    await assert.rejects(template("--set", "config.intervall=10s"), /additional properties 'intervall'/);
    await assert.rejects(template("--set", "hypervisor=xen"), /hypervisor/);
    await assert.rejects(
      template("--set", "podMonitor.enabled=true"),
      /podMonitor.enabled needs endpoint.enabled/,
    );
  });

  test("is what the plain manifests were made of", { skip }, async () => {
    const env = { ...process.env, HELM: paths.helm };
    await execute(join(repositoryRoot, "scripts/render-manifests.sh"), [scratch], { env });
    for (const name of ["libvirt", "kubevirt"]) {
      const [ours, fresh] = await Promise.all([
        readFile(join(repositoryRoot, `deploy/kubernetes/${name}.yaml`), "utf8"),
        readFile(join(scratch, `${name}.yaml`), "utf8"),
      ]);
      assert.equal(ours, fresh, "run scripts/render-manifests.sh and commit the result");
    }
  });
});

describe("what is shipped", async () => {
  const skip = await skipWithout("deployment-tools");

  test("passes the linters of its kind", { skip }, async () => {
    const workflows = ["ci", "release"].map((name) => `.github/workflows/${name}.yml`);
    await execute(paths.hadolint, ["Dockerfile"], inRepository);
    await execute(paths.actionlint, workflows, inRepository);
    const inAnsible = { cwd: join(repositoryRoot, "deploy/ansible") };
    await execute("ansible-playbook", ["--syntax-check", "-i", "hypervisors,", "playbook.yaml"], inAnsible);
    await execute("ansible-lint", ["--offline", "--strict", "playbook.yaml", "roles/kvmeter"], inAnsible);
  });

  test("the compose file is one, and all that it mounts is there", { skip }, async () => {
    const inCompose = { cwd: join(repositoryRoot, "deploy/compose") };
    const { stdout } = await execute(paths.composeSpec, ["compose.yaml"], inCompose);
    const { services } = parse(stdout) as {
      readonly services: Record<string, { image: string; volumes?: { type: string; source: string }[] }>;
    };
    assert.equal(services["kvmeter"]?.image.split(":").at(-1), VERSION);
    const ours = Object.values(services)
      .flatMap(({ volumes = [] }) => volumes)
      .filter(({ type, source }) => type === "bind" && source.startsWith(repositoryRoot));
    assert.equal(ours.length, 4);
    await execute(
      "ls",
      ours.map(({ source }) => source),
    );
  });
});

describe("the compose file's Collector", async () => {
  const skip = await skipWithout("collector", "victoriametrics");

  test(
    "hands what kvmeter sends to VictoriaMetrics, named as the dashboards have it",
    { skip },
    async (t) => {
      const victoriametrics = await startVictoriaMetrics();
      t.after(() => victoriametrics.stop());
      const shipped = await readFile(join(repositoryRoot, "deploy/compose/collector.yaml"), "utf8");
      const collector = await startCollector({ KVMETER_VICTORIAMETRICS: victoriametrics.url }, () =>
        watchable(shipped),
      );
      t.after(() => collector.stop());
      const simulator = await startSimulator({ socketPath: join(scratch, "compose-sock"), domains: 4 });
      t.after(() => simulator.stop());
      const configuration = join(scratch, "compose.yaml");
      await writeFile(
        configuration,
        `libvirt: [{ uri: "${simulator.uri}" }]
interval: 1s
export: [{ endpoint: "http://${collector.grpcEndpoint}" }]
`,
      );
      const agent = startKvmeter(["run", "-c", configuration]);
      t.after(() => agent.stop());
      const names = async () => {
        await victoriametrics.flush();
        const samples = await victoriametrics.query('{__name__="libvirt.domain.status"} == 1');
        return new Set(samples.map(({ metric }) => metric["libvirt.domain.name"]));
      };
      await waitFor(async () => (await names()).size === 4, { what: "four domains in VictoriaMetrics" });
      const { stderr } = await agent.stop();
      assert.doesNotMatch(stderr, /Cannot export/);
    },
  );
});

/** kvmeter.yaml in the manifests' ConfigMap. */
function configurationIn(manifests: string): string {
  for (const document of parseAllDocuments(manifests)) {
    const resource = document.toJS() as { kind?: string; data?: Record<string, string> } | null;
    if (resource?.kind === "ConfigMap") return resource.data?.["kvmeter.yaml"] ?? "";
  }
  throw new Error("there is no ConfigMap");
}

/** A Collector's configuration that also tells when it is ready, at the address that the bed gives it. */
function watchable(text: string): string {
  const configuration = parse(text) as { service: Record<string, unknown> };
  return stringify({
    ...configuration,
    extensions: { health_check: { endpoint: "${env:KVMETER_COLLECTOR_HEALTH}" } },
    service: {
      ...configuration.service,
      extensions: ["health_check"],
      telemetry: { metrics: { level: "none" } },
    },
  });
}
