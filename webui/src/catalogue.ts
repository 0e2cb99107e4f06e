// The metrics by name: asked for once, shared by all.

import { get } from "./api.ts";
import type { Metric } from "./model.ts";

const AGAIN_MS = 3000;

let asked: Promise<Map<string, Metric>> | undefined;

export function metrics(): Promise<Map<string, Metric>> {
  asked ??= get<{ metrics: Metric[] }>("/metrics").then(
    ({ metrics: found }) => new Map(found.map((metric) => [metric.name, metric])),
  );
  asked.catch(() => (asked = undefined));
  return asked;
}

/** For what has no way to say that it could not load: asks until there is an answer. */
export async function metricsAtLast(): Promise<Map<string, Metric>> {
  for (;;) {
    try {
      return await metrics();
    } catch {
      await new Promise((again) => setTimeout(again, AGAIN_MS));
    }
  }
}
