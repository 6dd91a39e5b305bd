import assert from "node:assert/strict";
import { test } from "node:test";

import { catalogue, createLibvirtSource, KvmeterError, type LibvirtSourceOptions } from "../src/index.ts";
import { simulated } from "./simulated.ts";

const { signal } = new AbortController();

test("a source reads a hypervisor, again after it was away, and only the domains that are wanted", async (context) => {
  const simulator = await simulated(context, { domains: 3 });
  const [wanted] = simulator.domains();
  assert.ok(wanted);
  const options: LibvirtSourceOptions = { uri: simulator.uri, domains: [wanted.name] };
  const source = createLibvirtSource(options);
  try {
    const { domains, problems } = await source.read(signal);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      domains.map(({ name }) => name),
      [wanted.name],
    );
    await simulator.restart();
    await assert.doesNotReject(async () => {
      await source.read(signal).catch(() => source.read(signal));
    });
  } finally {
    await source.close();
  }
});

test("only the groups that the metrics need are read", async (context) => {
  const { uri } = await simulated(context, { domains: 1 });
  const source = createLibvirtSource({ uri, metrics: { disable: ["*"], enable: [] } });
  try {
    const { domains } = await source.read(signal);
    assert.deepEqual(Object.keys(domains[0]?.statistics.readAt ?? {}), ["state"]);
  } finally {
    await source.close();
  }
});

test("a hypervisor that is not there is a KvmeterError", async () => {
  const source = createLibvirtSource({ uri: "qemu:///system?socket=/nonexistent" });
  await assert.rejects(
    source.read(signal),
    (error: unknown) => error instanceof KvmeterError && error.code === "LIBVIRT_SOCKET_MISSING",
  );
  await source.close();
});

test("the catalogue is part of the library", () => {
  assert.ok(catalogue().some(({ name }) => name === "libvirt.domain.cpu.time"));
});
