/**
 * How much memory V8 may take for speed. An agent on an ordinary host has no use for the speed: with 100 domains a small
 * heap saves 30 MB of resident memory. With 1,000 domains it would double the CPU time. V8's own --optimize-for-size is
 * not used: it collects the whole heap in each cycle, which is half of what the agent costs, for 10 MB.
 */
import { setFlagsFromString } from "node:v8";

/** From here on CPU time is dearer than memory. */
const LARGE_HOST_DOMAINS = 300;

let isSmall = false;

/** To be called before anything that allocates. */
export function keepHeapSmall(): void {
  isSmall = true;
  // The young generation stays at 1 MB: nearly all that a cycle allocates is dead at its end, however much fits.
  setFlagsFromString("--semi-space-growth-factor=1");
  // One optimising compiler is enough: Maglev's code is soon replaced by TurboFan's, and both need room to compile.
  setFlagsFromString("--no-maglev");
  // Between two collections of it the old generation doubles, however fast it fills; V8 would let it quadruple. What a
  // cycle reads lives until the next one, so with 100 domains it grows by 2 MB in each. Less than that saves 6 MB and has
  // it collected in every third cycle, which was the dearest thing that the agent did.
  setFlagsFromString("--heap-growing-percent=100");
  // A young generation of 1 MB is collected in half a millisecond; more threads only have to be woken for it.
  setFlagsFromString("--no-parallel-scavenge");
}

/** Takes it back when the host turns out to be a large one. V8 reads these flags anew whenever it decides. */
export function suitHeapTo(domains: number): void {
  if (!isSmall || domains < LARGE_HOST_DOMAINS) return;
  isSmall = false;
  setFlagsFromString("--semi-space-growth-factor=2");
  setFlagsFromString("--maglev");
  setFlagsFromString("--heap-growing-percent=0");
  setFlagsFromString("--parallel-scavenge");
}
