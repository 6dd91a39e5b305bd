/** A query that is kept under a name, for alerts, dashboards and history. */
export interface RecordingRule {
  /** level:what:operation, as Prometheus recommends. */
  readonly record: string;
  readonly query: string;
  /** For the documentation: what the value is. */
  readonly meaning: string;
}

/** What an operator is told, and what to do then. */
export interface AlertRule {
  readonly alert: string;
  /** Fires for each series that this gives. */
  readonly query: string;
  /** For how long it must have been so. */
  readonly lasting: string;
  /** critical: somebody has to look now. warning: today. info: when planning. */
  readonly severity: "critical" | "warning" | "info";
  /** One line; `{label}` and `{value}` stand for what fired. */
  readonly summary: string;
  /** How the summary writes the value. */
  readonly value?: "percentage" | "duration" | "number";
  /** The paragraphs of docs/alerts.md: what it means, how to look, what to do. */
  readonly runbook: string;
}

/** The labels that tell a domain from every other. */
export const DOMAIN = '"host.name", "libvirt.domain.name", "libvirt.domain.uuid"';
export const HOST = '"host.name"';
