/**
 * What the work brings, when that comes within so many milliseconds; else undefined, and the work goes on. What it throws
 * later is nobody's unhandled rejection.
 * @throws what the work throws in that time; the signal's reason when it is aborted
 */
export async function within<Result>(
  work: Promise<Result>,
  waitMs: number,
  signal?: AbortSignal,
): Promise<Result | undefined> {
  const { promise: late, resolve, reject } = Promise.withResolvers<undefined>();
  const onAbort = (): void => reject(signal?.reason);
  const timer = setTimeout(() => resolve(undefined), waitMs);
  signal?.addEventListener("abort", onAbort);
  if (signal?.aborted === true) onAbort();
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}
