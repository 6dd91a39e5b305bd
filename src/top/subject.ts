import { FIGURE_COUNT, FIGURE_INDEX, type FigureName, PAST_OF, type SubjectKind } from "./figures.ts";

/** How many refreshes a sparkline can show: four minutes of the default interval. */
export const PAST_LENGTH = 120;

const NOTHING_TOLD: readonly number[] = Array.from({ length: FIGURE_COUNT }, () => Number.NaN);

/**
 * Something that has figures: a hypervisor, a VM, or one of its vCPUs, disks and vNICs. NaN is what was not told, in
 * arrays of plain numbers that the garbage collector has nothing to look for in.
 */
export class Subject {
  readonly kind: SubjectKind;
  /** vda, vnet0, the number of a vCPU; of a VM and a hypervisor it stands elsewhere. */
  readonly name: string;
  readonly #now = [...NOTHING_TOLD];
  /** What was told last, however long ago. */
  readonly #last = [...NOTHING_TOLD];
  readonly #counts = Array.from({ length: FIGURE_COUNT }, () => 0);
  #past: Float32Array | undefined;
  #pastEnd = 0;

  constructor(kind: SubjectKind, name = "") {
    this.kind = kind;
    this.name = name;
  }

  /** A figure of the last refresh; undefined where nothing was told. */
  figure(name: FigureName): number | undefined {
    const value = this.#now[FIGURE_INDEX[name]];
    return value === undefined || Number.isNaN(value) ? undefined : value;
  }

  /** The last values of a figure, the newest last; NaN where there was none. Empty when its past is not kept. */
  past(name: FigureName): readonly number[] {
    const row = PAST_OF[this.kind].indexOf(FIGURE_INDEX[name]);
    const past = this.#past;
    if (row < 0 || past === undefined) return [];
    const length = Math.min(this.#pastEnd, PAST_LENGTH);
    return Array.from({ length }, (_, at) => {
      const slot = (this.#pastEnd - length + at) % PAST_LENGTH;
      return past[row * PAST_LENGTH + slot] ?? Number.NaN;
    });
  }

  /** It has started anew: nothing of what was told before is true. */
  forget(): void {
    this.#last.fill(Number.NaN);
  }

  /** Begins a refresh: nothing has been told yet. */
  clear(): void {
    this.#now.fill(Number.NaN);
    this.#counts.fill(0);
  }

  /** Takes one more number of a figure. */
  fold(index: number, value: number, how: "sum" | "mean" | "max"): void {
    const count = (this.#counts[index] ?? 0) + 1;
    this.#counts[index] = count;
    const before = this.#now[index] ?? Number.NaN;
    if (count === 1) this.#now[index] = value;
    else if (how === "sum") this.#now[index] = before + value;
    else if (how === "mean") this.#now[index] = before + (value - before) / count;
    else if (value > before) this.#now[index] = value;
  }

  /** The figure was not asked for in this refresh, since it changes seldom: it is what it was. */
  hold(index: number): void {
    this.#now[index] = this.#last[index] ?? Number.NaN;
  }

  /** Ends a refresh: what is shown now is the past's last. */
  remember(): void {
    for (let index = 0; index < FIGURE_COUNT; index++) {
      const value = this.#now[index] ?? Number.NaN;
      if (!Number.isNaN(value)) this.#last[index] = value;
    }
    const rows = PAST_OF[this.kind];
    this.#past ??= new Float32Array(rows.length * PAST_LENGTH).fill(Number.NaN);
    const slot = this.#pastEnd % PAST_LENGTH;
    for (let row = 0; row < rows.length; row++) {
      this.#past[row * PAST_LENGTH + slot] = this.#now[rows[row] ?? -1] ?? Number.NaN;
    }
    this.#pastEnd += 1;
  }
}
