import assert from "node:assert/strict";
import { test } from "node:test";

import { KvmeterError } from "../../src/errors.ts";
import { LibvirtError } from "../../src/libvirt/errors.ts";
import { nameSome, problemsOf } from "../../src/libvirt/problems.ts";

test("domains in words, however many they are", () => {
  const domains = ["a", "b", "c", "d", "e"].map((name) => ({ name }));
  assert.equal(nameSome(domains.slice(0, 1)), "a");
  assert.equal(nameSome(domains.slice(0, 3)), "a, b, c");
  assert.equal(nameSome(domains), "a, b, c and 2 more");
});

test("what goes wrong with many domains is one problem for each kind of error", () => {
  const reply = { domain: 10, level: 2, message: "no" };
  const denied = (name: string) => ({
    domains: [{ name }],
    error: new LibvirtError("DOMAIN_GET_XML_DESC", { ...reply, code: 88 }),
  });
  const failures = [
    ...Array.from({ length: 1500 }, (_, number) => denied(`vm-${number}`)),
    { domains: [{ name: "late" }], error: new KvmeterError("LIBVIRT_DEADLINE", "no answer") },
    { domains: [{ name: "odd" }], error: new LibvirtError("DOMAIN_GET_XML_DESC", { ...reply, code: 38 }) },
  ];
  assert.deepEqual(
    problemsOf("the XML", failures).map(({ code, message }) => [code, message]),
    [
      [
        "LIBVIRT_REPLY",
        "Cannot read the XML of vm-0, vm-1, vm-2 and 1497 more: Cannot run DOMAIN_GET_XML_DESC: libvirt error 88 (from its part 10): no",
      ],
      ["LIBVIRT_DEADLINE", "Cannot read the XML of late: no answer"],
      [
        "LIBVIRT_REPLY",
        "Cannot read the XML of odd: Cannot run DOMAIN_GET_XML_DESC: libvirt error 38 (from its part 10): no",
      ],
    ],
  );
});
