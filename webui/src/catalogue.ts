// The metrics by name: asked for once, shared by all.

import { get } from "./api.ts";
import type { Metric } from "./model.ts";

let asked: Promise<Map<string, Metric>> | undefined;

export function metrics(): Promise<Map<string, Metric>> {
  asked ??= get<{ metrics: Metric[] }>("/metrics").then(
    ({ metrics: found }) => new Map(found.map((metric) => [metric.name, metric])),
  );
  asked.catch(() => (asked = undefined));
  return asked;
}
