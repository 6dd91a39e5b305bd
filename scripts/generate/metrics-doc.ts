import { renderCatalogue } from "../../src/metrics/catalogue-markdown.ts";

/** docs/metrics.md: the catalogue as `kvmeter metrics --format markdown` prints it. */
export function renderMetricsDoc(): string {
  return renderCatalogue();
}
