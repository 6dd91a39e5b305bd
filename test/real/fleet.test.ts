import { join } from "node:path";
import { test } from "node:test";

import { paths, repositoryRoot } from "./bed/parts.ts";
import { run } from "./bed/processes.ts";
import { skipWithout } from "./bed/skip.ts";

const FLEET = join(repositoryRoot, "config/fleet");

for (const file of ["gateway-remote-write.yaml", "gateway-kafka.yaml"]) {
  test(`the Collector takes ${file}`, { skip: await skipWithout("collector") }, async () => {
    await run(paths.collector, ["validate", "--config", join(FLEET, file)]);
  });
}

test("HAProxy takes haproxy.cfg", { skip: await skipWithout("haproxy") }, async () => {
  const environment = `LD_LIBRARY_PATH=${paths.haproxyLibraries}`;
  await run("/usr/bin/env", [environment, paths.haproxy, "-c", "-f", join(FLEET, "haproxy.cfg")]);
});
