import { writeTypedParameters } from "../libvirt/typed-parameters.ts";
import type { TypedParameter } from "../libvirt/types.ts";
import type { XdrWriter } from "../libvirt/xdr-writer.ts";

/** One event of a domain, ready to be sent. */
export interface SimulatedEvent {
  /** virDomainEventID. */
  readonly id: number;
  /** Number of its message. */
  readonly procedure: number;
  /** Writes what follows the callback and the domain. */
  readonly write: (writer: XdrWriter) => void;
}

const NOTHING = (): void => undefined;

/** Events by name, each in the grammar of remote_protocol.x. */
export const SIMULATED_EVENTS = {
  lifecycle: (event: number, detail: number) => ofNumbers(0, 318, [event, detail]),
  reboot: (): SimulatedEvent => ({ id: 1, procedure: 319, write: NOTHING }),
  watchdog: (action: number) => ofNumbers(3, 321, [action]),
  deviceRemoved: (alias: string) => ofText(15, 333, alias),
  tunable: (parameters: readonly TypedParameter[]): SimulatedEvent => ({
    id: 17,
    procedure: 346,
    write: (writer) => writeTypedParameters(writer, parameters),
  }),
  guestAgent: (state: number, reason: number) => ofNumbers(18, 348, [state, reason]),
  deviceAdded: (alias: string) => ofText(19, 354, alias),
  migrationIteration: (iteration: number) => ofNumbers(20, 359, [iteration]),
  jobCompleted: (parameters: readonly TypedParameter[]): SimulatedEvent => ({
    id: 21,
    procedure: 363,
    write: (writer) => writeTypedParameters(writer, parameters),
  }),
  metadata: (type: number): SimulatedEvent => ({
    id: 23,
    procedure: 379,
    write(writer) {
      writer.i32(type);
      writer.bool(false);
    },
  }),
} as const;

function ofNumbers(id: number, procedure: number, numbers: readonly number[]): SimulatedEvent {
  return {
    id,
    procedure,
    write(writer) {
      for (const number of numbers) writer.i32(number);
    },
  };
}

function ofText(id: number, procedure: number, text: string): SimulatedEvent {
  return { id, procedure, write: (writer) => writer.string(text) };
}
