// The sentence builder: "When … of … is above … for …, raise …", tried on the past before it is saved.

import { post, send } from "../api.ts";
import { h, icon, setText } from "../dom.ts";
import { amount, check, choice, Form, lines, text, type Field } from "../form.ts";
import type { Metric } from "../model.ts";
import { plant } from "../plant.ts";
import { start } from "../start.ts";
import { t, type Key } from "../text.ts";
import { picture } from "./backtest.ts";
import { fieldsOf, lookOf } from "./looks.ts";
import { KINDS, WITHOUT_METRIC, type BackTest, type Condition, type Kind, type NewRule, type Rule } from "./model.ts";
import { span } from "./span.ts";
import { sentence } from "./words.ts";

const TRIED_DAYS = 30;
const DRAFT = "rule-draft"; // what is being written outlives a session that ends meanwhile

export class Builder {
  private looks: Field[] = [];
  private readonly device: Field;
  private readonly kind: Field;
  private readonly metric: Field;
  private readonly own: readonly Field[];
  private readonly further: readonly Field[];
  private readonly place = h("div", { class: "sentence-fields" });
  private readonly said = h("p", { class: "said-sentence", role: "status" });
  private readonly tried = h("div", { class: "tried", "aria-live": "polite" });
  private readonly form: Form;
  readonly element: HTMLElement;

  constructor(private readonly rule: Rule | null, private readonly catalogue: Map<string, Metric>, saved: (rule: Rule) => void, cancelled: () => void) {
    const given: Partial<NewRule> = rule ?? kept();
    const devices = [...plant.devices.values()].map(({ device }) => device).sort((a, b) => a.name.localeCompare(b.name));
    this.device = choice("device_id", t("rules.field.device"), devices.map(({ id, name, machine }) => [String(id), machine ? `${name} · ${machine}` : name] as const), String(given.device_id ?? devices[0]?.id ?? ""));
    this.kind = choice("kind", t("rules.field.kind"), KINDS.map((kind) => [kind, t(`rules.kind.${kind}`)] as const), given.look?.kind ?? "threshold");
    this.metric = choice("metric", t("rules.field.metric"), this.metrics(given.metric), given.metric ?? "");
    this.own = [
      span("on_delay_seconds", t("rules.field.on_delay"), given.on_delay_seconds ?? 0),
      choice("priority", t("rules.field.priority"), [1, 2, 3, 4].map((each) => [String(each), `${"■▲◆●"[each - 1]} ${each} ${t(`priority.${each}` as Key)}`] as const), String(given.priority ?? 2)),
      text("message", t("rules.field.message"), { required: true, maxlength: 200, value: given.message ?? "", placeholder: t("rules.message_example") }),
    ];
    this.further = further(given, [...catalogue.values()]);
    const tryButton = h("button", { type: "button", class: "button", click: () => void this.try(tryButton) }, icon("history"), t("rules.try"));
    const cancel = h("button", { type: "button", class: "button", click: () => { sessionStorage.removeItem(DRAFT); cancelled(); } }, t("cancel"));
    const all: Field[] = [this.device, this.kind, this.metric, ...this.own, ...this.further];
    this.form = new Form(all, t(rule ? "rules.save_change" : "rules.save"), async () => {
      const asked = this.asked();
      const { device_id: _device, metric: _metric, ...change } = asked;
      const done = rule ? await send<Rule>("PATCH", `/rules/${rule.id}`, change) : await post<Rule>("/rules", asked);
      sessionStorage.removeItem(DRAFT);
      saved(done);
    }, tryButton, cancel);
    this.arrange();
    this.element = h("div", { class: "builder" }, this.said, this.form.element, this.tried);
    if (rule) for (const fixed of [this.device, this.kind, this.metric]) fixed.element.querySelector("select")!.disabled = true;
    this.form.element.addEventListener("input", (event) => this.changed(event.target as HTMLElement));
    this.turn(given.look);
  }

  /** The sentence in the order it is spoken, and what else may be said below it. */
  private arrange(): void {
    const word = (key: Key): HTMLElement => h("span", { class: "word-between", "aria-hidden": "true" }, t(key));
    const end = this.form.element.querySelector(".form-end")!;
    this.form.element.prepend(
      h("div", { class: "sentence" }, word("rules.when"), this.metric.element, word("rules.of"), this.device.element, this.kind.element),
      this.place,
      h("div", { class: "sentence" }, word("rules.for_word"), this.own[0]!.element, word("rules.raise"), this.own[1]!.element, this.own[2]!.element),
      h("details", { class: "further", open: this.rule !== null }, h("summary", {}, t("rules.further")), h("div", { class: "further-fields" }, ...this.further.map(({ element }) => element))));
    this.form.element.append(end);
  }

  private chosen(): Kind {
    return this.kind.read() as Kind;
  }

  /** The metrics that the device sends, then all others. */
  private metrics(first: string | null | undefined): [string, string][] {
    const sent = new Set(plant.devices.get(Number(this.device.read()))?.latest.map(({ metric }) => metric));
    if (first) sent.add(first);
    const all = [...this.catalogue.values()].sort((a, b) => Number(sent.has(b.name)) - Number(sent.has(a.name)));
    return all.map(({ name, label }) => [name, label]);
  }

  private changed(target: HTMLElement): void {
    const name = target.closest<HTMLElement>("[data-field]")?.dataset.field;
    if (name === "kind" || name === "metric") this.turn();
    else this.tell();
    this.tried.replaceChildren();
    if (!this.rule) sessionStorage.setItem(DRAFT, JSON.stringify(this.asked()));
  }

  /** The fields of the kind that is chosen now. */
  private turn(given?: NewRule["look"]): void {
    const kind = this.chosen();
    const unit = WITHOUT_METRIC.has(kind) ? "" : (this.catalogue.get(String(this.metric.read()))?.unit_label ?? "");
    const before = given ?? (this.looks.length ? lookOf(kind, this.looks) : undefined);
    this.looks = fieldsOf(kind, before, unit);
    this.place.replaceChildren(...this.looks.map(({ element }) => element));
    this.metric.element.hidden = WITHOUT_METRIC.has(kind);
    this.own[0]!.element.hidden = kind === "exposure";
    this.tell();
  }

  private tell(): void {
    const { device_id } = this.asked();
    const device = plant.devices.get(device_id)?.device.name ?? "";
    setText(this.said, `${device}: ${sentence(this.asked(), this.catalogue)}`);
  }

  private asked(): NewRule {
    const all = Object.fromEntries([...this.own, ...this.further].map((field) => [field.name, field.read()]));
    const { suppress_metric, suppress_side, suppress_value, priority, ...plain } = all as Record<string, never>;
    const kind = this.chosen();
    const suppress: Condition | null = suppress_metric && suppress_value !== null ? { metric: suppress_metric, [suppress_side as unknown as string]: suppress_value } : null;
    return {
      ...(plain as unknown as NewRule),
      device_id: Number(this.device.read()),
      metric: WITHOUT_METRIC.has(kind) ? null : String(this.metric.read()),
      look: lookOf(kind, this.looks),
      on_delay_seconds: kind === "exposure" ? 0 : Number(plain.on_delay_seconds),
      deadband: Number(plain.deadband ?? 0),
      priority: Number(priority),
      suppress_while: suppress,
    };
  }

  private async try(button: HTMLElement): Promise<void> {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    this.form.told("");
    try {
      const message = String(this.own[2]!.read()) || t("rules.message_example");
      const found = await post<BackTest>("/rules/backtest", { rule: { ...this.asked(), message }, days: TRIED_DAYS, ...(this.rule && { replaces: this.rule.id }) });
      this.tried.replaceChildren(picture(found, this.catalogue.get(this.asked().metric ?? "")));
      this.tried.scrollIntoView({ block: "nearest" });
    } catch (trouble) {
      this.form.told(trouble instanceof Error ? trouble.message : t("error.title"));
    } finally {
      button.removeAttribute("aria-busy");
    }
  }
}

function kept(): Partial<NewRule> {
  try {
    return JSON.parse(sessionStorage.getItem(DRAFT) ?? "{}") as Partial<NewRule>;
  } catch {
    return {};
  }
}

function further(given: Partial<NewRule>, catalogue: readonly Metric[]): Field[] {
  const suppress = given.suppress_while;
  return [
    amount("deadband", t("rules.field.deadband"), { min: 0, value: given.deadband || "" }, t("rules.hint.deadband")),
    span("off_delay_seconds", t("rules.field.off_delay"), given.off_delay_seconds ?? 0),
    lines("cause", t("rules.field.cause"), { maxlength: 2000, value: given.cause ?? "" }),
    lines("consequence", t("rules.field.consequence"), { maxlength: 2000, value: given.consequence ?? "" }),
    lines("what_to_do", t("rules.field.what_to_do"), { maxlength: 2000, value: given.what_to_do ?? "" }),
    span("respond_seconds", t("rules.field.respond"), given.respond_seconds ?? null, null),
    choice("suppress_metric", t("rules.field.suppress"), [["", t("rules.never_suppress")], ...catalogue.map(({ name, label }) => [name, label] as const)], suppress?.metric ?? "", t("rules.hint.suppress")),
    choice("suppress_side", t("rules.field.suppress_side"), [["below", t("rules.below")], ["above", t("rules.above")]], suppress?.above == null ? "below" : "above"),
    amount("suppress_value", t("rules.field.suppress_value"), { value: suppress?.below ?? suppress?.above ?? "" }),
    choice("alarm_class", t("rules.field.alarm_class"), [["alarm", t("rules.class.alarm")], ["advisory", t("rules.class.advisory")]], given.alarm_class ?? "alarm"),
    span("realarm_seconds", t("rules.field.realarm"), given.realarm_seconds ?? null, null),
    check("latching", t("rules.field.latching"), given.latching),
    check("note_required", t("rules.field.note_required"), given.note_required),
  ];
}

export function mayWrite(): boolean {
  return start.mayMakeRules;
}
