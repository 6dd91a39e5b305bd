const SHADES = { unicode: "▁▂▃▄▅▆▇█", ascii: "_.-=+*%#" } as const;

export type Alphabet = keyof typeof SHADES;

/**
 * The last values as one character each, the newest on the right; a space where there was none. The scale starts at 0
 * and ends at `full`, or at the highest value where that is higher, so that a little load does not look like a lot.
 */
export function sparkline(
  values: readonly number[],
  {
    width,
    alphabet,
    full = 0,
  }: { readonly width: number; readonly alphabet: Alphabet; readonly full?: number },
): string {
  const last = values.slice(-width);
  const top = last.reduce((highest, value) => (value > highest ? value : highest), full);
  const shades = SHADES[alphabet];
  const line = last.map((value) => {
    if (Number.isNaN(value)) return " ";
    const step = top <= 0 ? 0 : Math.ceil((value / top) * shades.length) - 1;
    return shades[Math.min(Math.max(step, 0), shades.length - 1)] ?? " ";
  });
  return line.join("").padStart(width);
}
