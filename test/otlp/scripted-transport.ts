import { gunzipSync } from "node:zlib";

import { KvmeterError } from "../../src/errors.ts";
import type { ExportOutcome, ExportRequest, OtlpTransport } from "../../src/otlp/destination.ts";

export const ACCEPTED: ExportOutcome = { status: "accepted", rejectedPoints: 0, message: "" };

/** The backend asks to try again. */
export function retry(retryAfterMs?: number): ExportOutcome {
  return { status: "retry", retryAfterMs, error: new KvmeterError("OTLP_UNAVAILABLE", "unavailable") };
}

/** The backend will never take it. */
export function refused(words = "never"): ExportOutcome {
  return { status: "refused", error: new KvmeterError("OTLP_REFUSED", words) };
}

/** The backend takes smaller ones. */
export const TOO_LARGE: ExportOutcome = {
  status: "too-large",
  error: new KvmeterError("OTLP_REFUSED", "too large"),
};

/** A transport that answers as the test says and keeps what it was given, uncompressed. */
export class ScriptedTransport implements OtlpTransport {
  readonly bodies: Buffer[] = [];
  readonly requests: ExportRequest[] = [];
  isClosed = false;
  answer: (body: Buffer, request: ExportRequest) => ExportOutcome | Promise<ExportOutcome>;

  constructor(answer: ScriptedTransport["answer"] = () => ACCEPTED) {
    this.answer = answer;
  }

  async export(request: ExportRequest): Promise<ExportOutcome> {
    const body = Buffer.from(request.codec === "gzip" ? gunzipSync(request.body) : request.body);
    this.bodies.push(body);
    this.requests.push(request);
    return this.answer(body, request);
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}
