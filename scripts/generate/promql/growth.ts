/**
 * What came to a counter of rare things within a time: increase() and rate() take the first value of a series for old,
 * and such a series begins with what it is there to tell.
 */
export function growthWithin(counter: string, time: string): string {
  const newest = `last_over_time(${counter}[${time}])`;
  return `clamp_min((${newest} - ${counter} offset ${time}) or ${newest}, 0)`;
}
