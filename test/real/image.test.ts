import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { startSimulator } from "../../src/simulator/index.ts";
import { VERSION } from "../../src/version.ts";
import { startCollector } from "./bed/collector.ts";
import { buildImage, type Image, runInImage } from "./bed/image.ts";
import { waitFor } from "./bed/processes.ts";
import { skipWithout } from "./bed/skip.ts";
import { resourcesOf } from "./exported.ts";

const execute = promisify(execFile);

let scratch = "";
before(async () => {
  scratch = await mkdtemp(join(tmpdir(), "kvmeter-image-"));
  // The image runs as a user of its own.
  await chmod(scratch, 0o755);
});
after(() => rm(scratch, { recursive: true, force: true }));

describe("the container image", async () => {
  const skip = await skipWithout("image-builder", "collector");
  let image: Image;

  test("is built, and has nothing to run but kvmeter", { skip }, async () => {
    image = await buildImage();
    assert.deepEqual([image.config.User, image.config.Entrypoint], ["65532:65532", ["/usr/bin/kvmeter"]]);
    const { stdout } = await execute("find", [image.tree, "-type", "f", "-perm", "/111"]);
    const programs = stdout
      .split("\n")
      .map((path) => path.slice(image.tree.length))
      .filter((path) => path !== "" && !/^\/(lib|lib64|opt\/kvmeter\/node_modules)\//.test(path));
    assert.deepEqual(programs.toSorted(), ["/opt/kvmeter/dist/main.js", "/usr/bin/env", "/usr/bin/node"]);
    assert.match(await readFile(join(image.tree, "var/lib/dpkg/status.d/libc6"), "utf8"), /^Version: /m);
  });

  test(
    "works as an unprivileged user on a read-only root: it sends, is healthy, stops",
    { skip },
    async (t) => {
      const simulator = await startSimulator({ socketPath: join(scratch, "libvirt-sock-ro"), domains: 3 });
      t.after(() => simulator.stop());
      await chmod(simulator.socketPath, 0o666);
      const collector = await startCollector();
      t.after(() => collector.stop());
      const { Entrypoint, Cmd, Healthcheck } = image.config;
      const surroundings = {
        libvirt: scratch,
        environment: [
          `OTEL_EXPORTER_OTLP_ENDPOINT=http://${collector.grpcEndpoint}`,
          "OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
          "OTEL_METRIC_EXPORT_INTERVAL=1000",
        ],
      };
      const version = await runInImage(image, [...Entrypoint, "version"], surroundings).ended;
      assert.match(version.stdout, new RegExp(`^kvmeter ${VERSION.replaceAll(".", String.raw`\.`)}\\b`));

      const agent = runInImage(image, [...Entrypoint, ...Cmd], surroundings);
      t.after(() => {
        agent.kill();
      });
      const domains = async () =>
        resourcesOf(await collector.readExported()).filter(
          ({ resource }) => "libvirt.domain.uuid" in resource,
        );
      await waitFor(async () => (await domains()).length >= 6, { what: "two cycles of three domains" });
      const [kind, ...check] = Healthcheck.Test;
      assert.equal(kind, "CMD");
      const health = await runInImage(image, check, surroundings).ended;
      assert.equal(health.code, 0, health.stderr);
      const host = resourcesOf(await collector.readExported()).some(
        ({ metrics }) => "system.cpu.time" in metrics,
      );
      assert.ok(host, "the host is read through what is mounted at /host");
      await agent.stop();
      const { stderr } = await agent.ended;
      assert.match(stderr, /"msg":"stopped"/);
      assert.doesNotMatch(stderr, /"level":"error"/);
    },
  );
});
