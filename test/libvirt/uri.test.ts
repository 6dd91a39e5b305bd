import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { currentSeeker, socketPaths } from "../../src/libvirt/socket-paths.ts";
import { parseLibvirtUri } from "../../src/libvirt/uri.ts";

describe("parseLibvirtUri", () => {
  const parsed: [string, Partial<ReturnType<typeof parseLibvirtUri>>][] = [
    [
      "qemu:///system",
      { driver: "qemu", transport: "unix", path: "/system", openUri: "qemu:///system", mode: "auto" },
    ],
    [
      "qemu:///session",
      { driver: "qemu", transport: "unix", path: "/session", host: undefined, socket: undefined },
    ],
    [
      "qemu+unix:///system?socket=/run/a+b/virt%20sock&mode=legacy",
      { transport: "unix", socket: "/run/a+b/virt sock", mode: "legacy", openUri: "qemu:///system" },
    ],
    ["test:///default", { driver: "test", transport: "unix", path: "/default", openUri: "test:///default" }],
    ["xen:///system", { driver: "xen", openUri: "xen:///system" }],
    ["lxc:///", { driver: "lxc", path: "/", openUri: "lxc:///" }],
    ["ch:///system?backend=a%20b&no_tty=1", { driver: "ch", openUri: "ch:///system?backend=a%20b" }],
    [
      "qemu+tls://host.example:16515/system?pkipath=/etc/pki&no_verify=0",
      { transport: "tls", host: "host.example", port: 16515, openUri: "qemu:///system" },
    ],
    ["qemu://host.example/system", { transport: "tls", host: "host.example", port: undefined }],
    ["qemu+ssh://root@[2001:db8::1]/system", { transport: "ssh", user: "root", host: "2001:db8::1" }],
    ["qemu+ssh://h/system?name=qemu:///session&no_tty=1", { transport: "ssh", openUri: "qemu:///session" }],
  ];
  for (const [text, expected] of parsed) {
    test(`understands ${text}`, () => {
      const uri = parseLibvirtUri(text);
      for (const [key, value] of Object.entries(expected))
        assert.equal(uri[key as keyof typeof uri], value, key);
      assert.equal(uri.text, text);
    });
  }

  test("keeps every parameter, decoded", () => {
    const { parameters } = parseLibvirtUri("qemu+tls://h/system?pkipath=/etc/my%20pki&no_verify=0&x=%3D");
    assert.deepEqual(
      [...parameters],
      [
        ["pkipath", "/etc/my pki"],
        ["no_verify", "0"],
        ["x", "="],
      ],
    );
  });

  const refused: [string, RegExp][] = [
    ["", /must look like qemu:\/\/\/system/],
    ["/var/run/libvirt/libvirt-sock", /must look like/],
    ["qemu", /must look like/],
    ["qemu:system", /must look like/],
    ["qemu-x:///system", /must look like/],
    ["qemu+:///system", /must look like/],
    ["qemu+carrier:///system", /transport must be one of unix, .*, current value is carrier$/],
    ["qemu:///sytem", /path must be \/system or \/session, current value is \/sytem$/],
    ["qemu:///system?mode=modular", /mode must be one of auto, direct, legacy, current value is modular$/],
    ["qemu:///system?socket=run/x", /absolute path, current value is "run\/x"$/],
    ["qemu+ssh://h/system?socket=run/x", /absolute path, current value is "run\/x"$/],
    ["qemu+unix://h/system", /transport unix has no host, current value is h$/],
    ["qemu+ssh:///system", /transport ssh needs a host: qemu\+ssh:\/\/host\/system$/],
    ["qemu+tls:///system", /transport tls needs a host/],
    ["qemu+ssh://-oProxyCommand=x/system", /must name a host, current value is -oProxyCommand=x$/],
    ["qemu+ssh://a%20b/system", /must name a host/],
    ["qemu+ssh://%ff@h/system", /its user is not UTF-8$/],
    [
      "qemu+tcp://h/system",
      /transport tcp is not supported: it is not encrypted and wants SASL; use tls or ssh$/,
    ],
    ["qemu+libssh2://h/system", /transport libssh2 is not supported: use ssh/],
    ["xen+ext:///system?command=x", /transport ext is not supported: .*; use ssh$/],
    ["qemu://h/system?no_verify=1", /no_verify is not supported: kvmeter verifies .*into cacert\.pem$/],
    ["qemu+ssh://h/system?no_verify=1", /no_verify is not supported: .*into known_hosts$/],
    [
      "qemu+tls://h/system?tls_priority=NORMAL",
      /tls_priority is not supported with transport tls; leave it out$/,
    ],
    ["qemu+ssh://h/system?command=/bin/x", /command is not supported with transport ssh; leave it out$/],
  ];
  for (const [text, message] of refused) {
    test(`refuses "${text}"`, () => {
      assert.throws(() => parseLibvirtUri(text), { name: "KvmeterError", code: "LIBVIRT_URI", message });
    });
  }

  test("shows a password to nobody", () => {
    assert.throws(
      () => parseLibvirtUri("qemu+ssh://u:geheim@h/system"),
      (error: Error) => {
        assert.match(error.message, /^Cannot use the libvirt URI "qemu\+ssh:\/\/u:…@h\/system": .*password/);
        return true;
      },
    );
  });

  for (const password of ['geh"eim', "gehéim", "geh/eim", "geh@eim", "geh:eim", "geh eim"]) {
    test(`shows no part of the password ${password}, whether or not it makes the text a URI`, () => {
      for (const host of ["h", "h o", "h:99999"]) {
        assert.throws(
          () => parseLibvirtUri(`qemu+ssh://u:${password}@${host}/system`),
          ({ message }: Error) =>
            !message.includes("eim") && message.includes(`"qemu+ssh://u:…@${host}/system"`),
        );
      }
    });
  }
});

describe("socketPaths", () => {
  const seeker = { uid: 1000, home: "/home/u", runtimeDirectory: "/run/user/1000" };
  const paths = (
    text: string,
    options: { readOnly?: boolean; seeker?: typeof seeker } = {},
  ): readonly string[] => socketPaths(parseLibvirtUri(text), { readOnly: true, seeker, ...options });

  test("system: the driver's own daemon before libvirtd, -ro to read only", () => {
    assert.deepEqual(paths("qemu:///system"), [
      "/run/libvirt/virtqemud-sock-ro",
      "/run/libvirt/libvirt-sock-ro",
      "/var/run/libvirt/virtqemud-sock-ro",
      "/var/run/libvirt/libvirt-sock-ro",
    ]);
    assert.equal(paths("xen:///system", { readOnly: false })[0], "/run/libvirt/virtxend-sock");
    assert.equal(paths("lxc:///system")[0], "/run/libvirt/virtlxcd-sock-ro");
    assert.equal(paths("test:///default")[0], "/run/libvirt/libvirt-sock-ro");
  });

  test("session: under the runtime directory, never -ro", () => {
    assert.deepEqual(paths("qemu:///session"), [
      "/run/user/1000/libvirt/virtqemud-sock",
      "/run/user/1000/libvirt/libvirt-sock",
    ]);
    const homely = { ...seeker, runtimeDirectory: undefined as unknown as string };
    assert.equal(paths("qemu:///session", { seeker: homely })[0], "/home/u/.cache/libvirt/virtqemud-sock");
    assert.equal(
      paths("qemu:///session", { seeker: { ...seeker, uid: 0 } })[0],
      "/run/libvirt/virtqemud-sock-ro",
    );
  });

  test("mode and socket narrow the choice", () => {
    assert.deepEqual(paths("qemu:///session?mode=legacy"), ["/run/user/1000/libvirt/libvirt-sock"]);
    assert.deepEqual(paths("qemu:///session?mode=direct"), ["/run/user/1000/libvirt/virtqemud-sock"]);
    assert.deepEqual(paths("qemu:///system?socket=/run/x"), ["/run/x"]);
    assert.throws(() => paths("test:///default?mode=direct"), {
      code: "LIBVIRT_URI",
      message: /no daemon of its own/,
    });
  });

  test("looks for this process by default", () => {
    assert.equal(currentSeeker().uid, process.geteuid?.());
    assert.equal(socketPaths(parseLibvirtUri("qemu:///system"), { readOnly: false }).length, 4);
  });
});
