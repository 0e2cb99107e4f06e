// What a rule watches, as a sentence.

import { age, number, quantity } from "../format.ts";
import type { Metric } from "../model.ts";
import { t } from "../text.ts";
import { LEVELS, type Condition, type Look, type NewRule } from "./model.ts";

type Catalogue = Map<string, Metric>;

/** "Temperature above 900 °C for 5 min". */
export function sentence(rule: Pick<NewRule, "metric" | "look" | "on_delay_seconds" | "suppress_while">, catalogue: Catalogue): string {
  const metric = catalogue.get(rule.metric ?? "");
  const parts = [`${metric ? `${metric.label} ` : rule.metric ? `${rule.metric} ` : ""}${look(rule.look, metric)}`];
  if (rule.on_delay_seconds) parts.push(t("rules.for", { age: age(rule.on_delay_seconds * 1000) }));
  if (rule.suppress_while) parts.push(t("rules.unless", { condition: condition(rule.suppress_while, catalogue) }));
  return parts.join(" ");
}

function look(one: Look, metric: Metric | undefined): string {
  const value = (amount: number): string => quantity(amount, metric?.digits ?? 1, metric?.unit_label ?? "");
  const span = (seconds: number): string => age(seconds * 1000);
  switch (one.kind) {
    case "threshold": return limits(one, value);
    case "rate": return t(one.per_minute < 0 ? "rules.look.falls" : "rules.look.rises", { rate: value(Math.abs(one.per_minute)), span: span(one.window_seconds) });
    case "no_data": return t("rules.look.no_data");
    case "stuck": return t("rules.look.stuck", { span: span(one.seconds) });
    case "baseline": return t("rules.look.baseline", { n: number(one.deviations, 1) });
    case "drift": return t("rules.look.drift", { n: number(one.deviations, 1), hours: number(one.hours, 0), method: one.method.toUpperCase() });
    case "exposure": return t("rules.look.exposure", { limit: one.limit, measure: one.measure.toUpperCase() });
    case "vibration": return t(one.change ? "rules.look.change" : "rules.look.vibration", { zone: one.zone, group: one.group, foundation: t(`rules.foundation.${one.foundation}`) });
    case "health": return t("rules.look.health", { n: number(one.below, 0) });
    case "model": return t("rules.look.model", { n: number(one.above, 2) });
  }
}

function limits(one: Extract<Look, { kind: "threshold" }>, value: (amount: number) => string): string {
  const there = LEVELS.filter((level) => one[level] !== null && one[level] !== undefined);
  const told = there.map((level) => t(level.startsWith("l") ? "rules.look.below" : "rules.look.above", { value: value(one[level]!) }));
  return told.join(t("rules.look.or"));
}

function condition({ metric, below, above }: Condition, catalogue: Catalogue): string {
  const known = catalogue.get(metric);
  const limit = below ?? above ?? 0;
  const words = quantity(limit, known?.digits ?? 1, known?.unit_label ?? "");
  return `${known?.label ?? metric} ${t(below === null || below === undefined ? "rules.look.above" : "rules.look.below", { value: words })}`;
}
