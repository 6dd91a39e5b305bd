import { DROP_REASONS, type DropReason } from "../destination.ts";

/** Where every point that a destination was given has gone, as far as it is no longer in the queue. */
export class DeliveryAccount {
  handedOverPoints = 0;
  recoveredPoints = 0;
  exportedPoints = 0;
  readonly #dropped = new Map<DropReason, number>();
  readonly #onDrop: (reason: DropReason) => void;

  constructor(onDrop: (reason: DropReason) => void) {
    this.#onDrop = onDrop;
  }

  /** By reason, of this moment. */
  get droppedPoints(): Readonly<Record<DropReason, number>> {
    const counts = DROP_REASONS.map((reason) => [reason, this.#dropped.get(reason) ?? 0]);
    return Object.fromEntries(counts) as Record<DropReason, number>;
  }

  drop(reason: DropReason, pointCount: number): void {
    if (pointCount === 0) return;
    this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + pointCount);
    this.#onDrop(reason);
  }
}
