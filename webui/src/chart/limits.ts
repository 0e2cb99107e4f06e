// The limits of rules that are live, as lines for a chart.

import type { Metric } from "../model.ts";
import { LEVELS, type Rule } from "../rules/model.ts";
import { t } from "../text.ts";
import type { Limit } from "./picture.ts";

/** Of one signal, each limit with the priority of its level: the inner one of two is less urgent. */
export function limits(rules: readonly Rule[], device: number | undefined, metric: Metric, words: (value: number) => string): Limit[] {
  const found: Limit[] = [];
  for (const { mode, device_id, metric: of, look, priority } of rules) {
    if (mode !== "live" || device_id !== device || of !== metric.name || look.kind !== "threshold") continue;
    for (const level of LEVELS) {
      const value = look[level];
      if (value == null) continue;
      const inner = (level === "h" && look.hh != null) || (level === "l" && look.ll != null);
      const own = Math.min(4, priority + Number(inner));
      found.push({ value, priority: own, words: t("chart.limit", { value: words(value), priority: own }) });
    }
  }
  return found;
}
