import type { TypedParameter } from "../../src/libvirt/types.ts";

/** The parameters that `virsh domstats --raw` printed: one `field=value` a line, booleans as yes and no. */
export function parametersOf(text: string): TypedParameter[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.includes("=") && !line.startsWith("#"))
    .map((line) => {
      const at = line.indexOf("=");
      return { field: line.slice(0, at), value: valueOf(line.slice(at + 1)) };
    });
}

function valueOf(text: string): TypedParameter["value"] {
  if (text === "yes" || text === "no") return text === "yes";
  if (/^-?\d+$/.test(text)) return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
  return /^\d+\.\d+$/.test(text) ? Number(text) : text;
}
