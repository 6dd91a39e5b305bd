import type { EventRow } from "../event-rows.ts";

/** Every kind of libvirt's events that is told. */
export const EVENT_ROWS = {
  lifecycle: {
    name: "libvirt.domain.lifecycle",
    description: "A domain was defined, started, suspended, resumed, stopped or undefined, or it crashed.",
    severity: "info",
    severities: {
      crashed: "error",
      "started/crashed": "error",
      "suspended/ioerror": "error",
      "suspended/api_error": "error",
      "suspended/postcopy_failed": "error",
      "suspended/watchdog": "warn",
      "stopped/crashed": "error",
      "stopped/failed": "error",
    },
  },
} as const satisfies Readonly<Record<string, EventRow>>;
