// The fields that each kind of rule needs, and the look that they say.

import { amount, check, choice, text, type Field } from "../form.ts";
import { t } from "../text.ts";
import { LEVELS, type Kind, type Look } from "./model.ts";
import { span } from "./span.ts";

/** The fields of a kind, filled in as `given` has them where it is of that kind. */
export function fieldsOf(kind: Kind, given: Look | undefined, unit: string): Field[] {
  const was = (given?.kind === kind ? given : {}) as Record<string, never>;
  const label = (name: Parameters<typeof t>[0]): string => (unit ? `${t(name)} (${unit})` : t(name));
  switch (kind) {
    case "threshold": return LEVELS.map((level) => amount(level, label(`rules.level.${level}`), { value: was[level] ?? "" }));
    case "rate": return [
      amount("per_minute", label("rules.field.per_minute"), { required: true, value: was.per_minute ?? "" }, t("rules.hint.per_minute")),
      span("window_seconds", t("rules.field.window"), was.window_seconds ?? 600, null)];
    case "no_data": return [];
    case "stuck": return [span("seconds", t("rules.field.stuck"), was.seconds ?? 3600, null)];
    case "baseline": return [amount("deviations", t("rules.field.deviations"), { required: true, min: 0.1, value: was.deviations ?? 4 }, t("rules.hint.deviations"))];
    case "drift": return [
      choice("method", t("rules.field.method"), [["ewma", t("rules.method.ewma")], ["cusum", t("rules.method.cusum")]], was.method ?? "ewma"),
      amount("deviations", t("rules.field.deviations"), { required: true, min: 0.1, value: was.deviations ?? 3 }, t("rules.hint.deviations")),
      amount("hours", t("rules.field.hours"), { required: true, min: 0.1, value: was.hours ?? 24 })];
    case "exposure": return [
      text("limit", t("rules.field.limit"), { required: true, maxlength: 60, value: was.limit ?? "", placeholder: "CO, NIOSH REL" }, t("rules.hint.limit")),
      choice("measure", t("rules.field.measure"), (["twa", "stel", "ceiling"] as const).map((each) => [each, t(`rules.measure.${each}`)] as const), was.measure ?? "twa")];
    case "vibration": return [
      choice("group", t("rules.field.group"), [["group 1", t("rules.group.1")], ["group 2", t("rules.group.2")]], was.group ?? "group 2"),
      choice("foundation", t("rules.field.foundation"), (["rigid", "flexible"] as const).map((each) => [each, t(`rules.foundation.${each}`)] as const), was.foundation ?? "rigid"),
      choice("zone", t("rules.field.zone"), (["B/C", "C/D"] as const).map((each) => [each, t(`rules.zone.${each}`)] as const), was.zone ?? "B/C"),
      check("change", t("rules.field.change"), Boolean(was.change))];
    case "health": return [amount("below", t("rules.field.below"), { required: true, min: 1, max: 100, value: was.below ?? 60 })];
    case "model": return [
      text("url", t("rules.field.url"), { type: "url", required: true, maxlength: 500, value: was.url ?? "" }, t("rules.hint.url")),
      amount("above", t("rules.field.above"), { required: true, value: was.above ?? 0.8 }),
      span("window_seconds", t("rules.field.model_window"), was.window_seconds ?? 3600, null),
      span("every_seconds", t("rules.field.every"), was.every_seconds ?? 300, null)];
  }
}

export function lookOf(kind: Kind, fields: readonly Field[]): Look {
  return { kind, ...Object.fromEntries(fields.map((field) => [field.name, field.read()])) } as Look;
}
