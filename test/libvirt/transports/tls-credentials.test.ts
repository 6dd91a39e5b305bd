import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, rename, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";

import { readCredentials } from "../../../src/libvirt/transports/tls-credentials.ts";
import { pem } from "../../otlp/certificates.ts";
import { pkiFolder } from "./tls-relay.ts";

const nobody = { uid: 1000, home: "/nonexistent" };

describe("readCredentials", () => {
  test("takes the system's for root, where certificate and key may be missing", async (t) => {
    const folder = await pkiFolder(t);
    const systemPaths = {
      ca: join(folder, "cacert.pem"),
      crl: join(folder, "cacrl.pem"),
      cert: join(folder, "clientcert.pem"),
      key: join(folder, "clientkey.pem"),
    };
    const seeker = { uid: 0, home: folder };
    const read = () => readCredentials({ pkipath: undefined, seeker, systemPaths });
    const all = await read();
    assert.deepEqual(all, {
      paths: systemPaths,
      ca: pem("authority"),
      crl: undefined,
      client: { cert: pem("client"), key: pem("client-key") },
    });
    await rm(systemPaths.cert);
    await assert.rejects(read(), {
      code: "LIBVIRT_TLS",
      message: /clientcert\.pem: no such file; put the client/,
    });
    await rm(systemPaths.key);
    assert.equal((await read()).client, undefined);
    await rm(systemPaths.ca);
    await assert.rejects(read(), {
      code: "LIBVIRT_TLS",
      message: /cacert\.pem: no such file; put the certificate/,
    });
  });

  test("takes a user's own where there are some, the pair only as a pair", async (t) => {
    const home = await pkiFolder(t);
    const system = await pkiFolder(t, "other");
    const systemPaths = {
      ca: join(system, "cacert.pem"),
      crl: join(system, "cacrl.pem"),
      cert: join(system, "clientcert.pem"),
      key: join(system, "clientkey.pem"),
    };
    await writeFile(systemPaths.crl, "list");
    const read = () => readCredentials({ pkipath: undefined, seeker: { uid: 1000, home }, systemPaths });
    assert.deepEqual((await read()).paths, systemPaths);

    const own = join(home, ".pki/libvirt");
    await mkdir(own, { recursive: true });
    await rename(join(home, "clientcert.pem"), join(own, "clientcert.pem"));
    assert.deepEqual((await read()).paths, systemPaths);
    await rename(join(home, "clientkey.pem"), join(own, "clientkey.pem"));
    const { paths, crl, client } = await read();
    assert.deepEqual(paths, {
      ...systemPaths,
      cert: join(own, "clientcert.pem"),
      key: join(own, "clientkey.pem"),
    });
    assert.equal(String(crl), "list");
    assert.deepEqual(client?.cert, pem("client"));
    await rename(join(home, "cacert.pem"), join(own, "cacert.pem"));
    assert.equal((await read()).paths.ca, join(own, "cacert.pem"));
  });

  const damages: [string, (folder: string) => Promise<unknown>, RegExp][] = [
    [
      "an authority that is no certificate",
      (folder) => writeFile(join(folder, "cacert.pem"), "x"),
      /cacert\.pem: it is no certificate in PEM \(.*\); replace it$/,
    ],
    [
      "a client certificate that is none",
      (folder) => writeFile(join(folder, "clientcert.pem"), ""),
      /clientcert\.pem: it is no certificate in PEM/,
    ],
    [
      "a key that is none",
      (folder) => copyFile(join(folder, "clientcert.pem"), join(folder, "clientkey.pem")),
      /clientkey\.pem: it is no private key in PEM without a passphrase/,
    ],
    [
      "another certificate's key",
      (folder) => writeFile(join(folder, "clientkey.pem"), pem("other-key")),
      /clientkey\.pem: it is not the key of .*clientcert\.pem; replace one of the two$/,
    ],
    [
      "a folder",
      async (folder) => {
        await rm(join(folder, "cacert.pem"));
        await mkdir(join(folder, "cacert.pem"));
      },
      /cacert\.pem: it is no regular file; let/,
    ],
    [
      "a file that is too large",
      (folder) => truncate(join(folder, "cacert.pem"), 2 ** 21),
      /cacert\.pem: it has more than 1048576 bytes/,
    ],
    [
      "a pipe that nobody writes to",
      async (folder) => {
        await rm(join(folder, "cacert.pem"));
        await promisify(execFile)("mkfifo", [join(folder, "cacert.pem")]);
      },
      /cacert\.pem: it is no regular file/,
    ],
  ];
  for (const [what, damage, message] of damages) {
    test(`refuses ${what}`, async (t) => {
      const pkipath = await pkiFolder(t);
      await damage(pkipath);
      await assert.rejects(readCredentials({ pkipath, seeker: nobody }), { code: "LIBVIRT_TLS", message });
    });
  }

  test("refuses a key that this user may not read", async (t) => {
    const pkipath = await pkiFolder(t);
    await chmod(pkipath, 0o755);
    await chmod(join(pkipath, "clientkey.pem"), 0);
    const root = process.geteuid?.() === 0;
    // root may read everything, so be nobody for a moment
    if (root) process.seteuid?.(65_534);
    try {
      await assert.rejects(readCredentials({ pkipath, seeker: nobody }), {
        code: "LIBVIRT_TLS",
        message: /clientkey\.pem: permission denied; let the user that kvmeter runs as read it$/,
      });
    } finally {
      if (root) process.seteuid?.(0);
    }
  });

  test("tells an expired certificate from one of the future", async (t) => {
    const pkipath = await pkiFolder(t);
    t.mock.timers.enable({ apis: ["Date"], now: Date.UTC(2300, 0, 1) });
    const read = () => readCredentials({ pkipath, seeker: nobody });
    await assert.rejects(read(), {
      code: "LIBVIRT_TLS",
      message: /clientcert\.pem: it expired on 2\d{3}-.*; renew it$/,
    });
    t.mock.timers.setTime(Date.UTC(2000, 0, 1));
    await assert.rejects(read(), {
      code: "LIBVIRT_TLS",
      message: /it is not valid before 2\d{3}-.*; check this/,
    });
  });
});
