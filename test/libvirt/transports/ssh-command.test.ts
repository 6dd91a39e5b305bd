import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { sshArguments } from "../../../src/libvirt/transports/ssh-command.ts";
import { parseLibvirtUri } from "../../../src/libvirt/uri.ts";

function argumentsOf(text: string, readOnly = true): string[] {
  return sshArguments(parseLibvirtUri(text), { readOnly });
}

/** What the far side is to run. */
function commandOf(text: string, readOnly = true): string {
  return argumentsOf(text, readOnly).at(-1) ?? "";
}

const NETCAT =
  'if "nc" -q 2>&1 | grep "requires an argument" >/dev/null; then q=-q0; else q=; fi; ' +
  'for s in "/x"; do if test -S "$s"; then exec "nc" $q -U "$s"; fi; done; echo no socket at "/x" >&2; exit 1';

describe("sshArguments", () => {
  test("never ask, forward nothing, and end the options before the host", () => {
    const fixed = "-T -a -x -e none -o BatchMode=yes -o ClearAllForwardings=yes -o ControlMaster=no";
    assert.deepEqual(argumentsOf("qemu+ssh://h/system").slice(0, -1), [...fixed.split(" "), "--", "h"]);
    assert.deepEqual(
      argumentsOf("qemu+ssh://u@[::1]:2222/system?keyfile=/k&known_hosts=/kh&no_tty=1").slice(11, -1),
      ["-o", "UserKnownHostsFile=/kh", "-i", "/k", "-p", "2222", "-l", "u", "--", "::1"],
    );
  });

  test("prefer virt-ssh-helper, and take netcat with all sockets where it is missing", () => {
    const command = commandOf("qemu+ssh://h/system");
    const helper =
      'command -v virt-ssh-helper >/dev/null 2>&1; then exec virt-ssh-helper -r "qemu:///system"; fi; ';
    assert.ok(command.startsWith(`sh -c 'if ${helper}if "nc" -q`), command);
    assert.ok(
      command.includes('for s in "/run/libvirt/virtqemud-sock-ro" "/run/libvirt/libvirt-sock-ro" '),
      command,
    );
  });

  test("open read-write when told so", () => {
    const command = commandOf("qemu+ssh://h/system", false);
    assert.ok(command.includes('exec virt-ssh-helper "qemu:///system"') && !command.includes("-ro"), command);
  });

  const commands: [string, string][] = [
    ["qemu+ssh://h/session?proxy=native", `sh -c 'exec virt-ssh-helper -r "qemu:///session"'`],
    [
      "qemu+ssh://h/session",
      `sh -c 'if command -v virt-ssh-helper >/dev/null 2>&1; then exec virt-ssh-helper -r "qemu:///session"; fi; echo no virt-ssh-helper here >&2; exit 127'`,
    ],
    ["qemu+ssh://h/system?socket=/x", `sh -c '${NETCAT}'`],
    ["qemu+ssh://h/session?proxy=netcat&socket=/x", `sh -c '${NETCAT}'`],
    ["qemu+ssh://h/system?netcat=/opt/nc&socket=/x", `sh -c '${NETCAT.replaceAll('"nc"', '"/opt/nc"')}'`],
  ];
  for (const [text, expected] of commands) test(text, () => assert.equal(commandOf(text), expected));

  test("take the one daemon that mode names", () => {
    const command = commandOf("qemu+ssh://h/system?mode=legacy");
    assert.ok(command.includes('for s in "/run/libvirt/libvirt-sock-ro" "/var/run/'), command);
    assert.ok(!command.includes("virt-ssh-helper") && !command.includes("virtqemud"), command);
  });

  const refused: [string, RegExp][] = [
    ["qemu+ssh://-oProxyCommand=x@h/system", /user must not .* current value is "-oProxyCommand=x"$/],
    ["qemu+ssh://a%20b@h/system", /user must not/],
    ["qemu+ssh://a%0ab@h/system", /user must not/],
    ["qemu+ssh://h/system?keyfile=-x", /keyfile must be an absolute path/],
    ["qemu+ssh://h/system?keyfile=/a%20b", /keyfile must be an absolute path/],
    ["qemu+ssh://h/system?keyfile=/%25h", /keyfile must be an absolute path/],
    ["qemu+ssh://h/system?known_hosts=/%24%7BHOME%7D", /known_hosts must be an absolute path/],
    ["qemu+ssh://h/system?netcat=-e", /netcat must have no quotes.*current value is "-e"$/],
    ["qemu+ssh://h/system?netcat=nc%20-x", /netcat must have no quotes/],
    ["qemu+ssh://h/system?socket=/a'b", /socket must have no quotes/],
    ["qemu+ssh://h/system?socket=/%60id%60", /socket must have no quotes/],
    ["qemu+ssh://h/system?name=qemu:///system%22;id", /URI for virt-ssh-helper must have no quotes/],
    [
      "qemu+ssh://h/system?proxy=telnet",
      /proxy must be one of auto, netcat, native, current value is "telnet"$/,
    ],
    [
      "qemu+ssh://h/system?proxy=native&socket=/x&netcat=nc",
      /netcat and socket must be left out with proxy=native/,
    ],
    ["qemu+ssh://h/session?proxy=netcat", /session's socket must be named/],
    ["qemu+ssh://h/session?netcat=nc", /session's socket must be named/],
  ];
  for (const [text, message] of refused) {
    test(`refuse ${text}`, () => {
      assert.throws(() => argumentsOf(text), { code: "LIBVIRT_URI", message });
    });
  }
});
