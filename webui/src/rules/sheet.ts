// One rule: how far it has come, its back-test, its versions; from draft to shadow to live.

import { get, post, Trouble } from "../api.ts";
import { dialog, fillIn } from "../dialog.ts";
import { h, icon, setText } from "../dom.ts";
import { lines, text } from "../form.ts";
import { day, minutes } from "../format.ts";
import type { Metric } from "../model.ts";
import { table } from "../table.ts";
import { t } from "../text.ts";
import { alarms, picture } from "./backtest.ts";
import { mayWrite } from "./builder.ts";
import { MODES, type BackTest, type Mode, type Rule, type RuleVersion, type ShadowAlert } from "./model.ts";
import { sentence } from "./words.ts";

const WAY = MODES.slice(0, 3);

export class Sheet {
  private readonly trouble = h("p", { class: "wrong", role: "alert" });
  private readonly head = h("div", { class: "sheet-head" });
  private readonly test = h("div");
  private readonly past = h("div");
  private readonly opened: HTMLDialogElement;

  constructor(private rule: Rule, private readonly catalogue: Map<string, Metric>, private readonly changed: () => void, private readonly edit: (rule: Rule) => void) {
    this.opened = dialog(rule.message, this.head, this.trouble, this.test, this.past);
    this.opened.classList.add("sheet");
    this.show();
    void this.load();
  }

  private show(): void {
    const { rule } = this;
    const at = WAY.indexOf(rule.mode as (typeof WAY)[number]);
    const button = (words: string, symbol: Node, click: () => void, primary = false): HTMLElement => h("button", { type: "button", class: primary ? "button primary" : "button", click }, symbol, words);
    this.head.replaceChildren(
      h("p", {}, sentence(rule, this.catalogue)),
      h("ol", { class: "way", "aria-label": t("rules.way") }, ...WAY.map((mode, place) => h("li", { "aria-current": mode === rule.mode ? "step" : null, "data-done": place < at }, t(`rules.mode.${mode}`)))),
      h("p", { class: "muted" }, t(`rules.mode_about.${rule.mode}`)),
      mayWrite() ? h("div", { class: "form-end" },
        button(t("rules.edit"), icon("pencil"), () => { this.opened.close(); this.edit(rule); }),
        button(t("rules.try"), icon("history"), () => void this.run()),
        rule.mode !== "shadow" && rule.mode !== "live" ? button(t("rules.to_shadow"), icon("eye"), () => void this.try(() => this.go("shadow"))) : "",
        rule.mode !== "live" ? button(t("rules.to_live"), icon("bell"), () => void this.try(() => this.go("live")), true) : "",
        rule.mode === "live" ? button(t("rules.to_out"), icon("circle-pause"), () => this.outOfService()) : "") : "");
  }

  private async load(): Promise<void> {
    const [test, versions] = await Promise.allSettled([get<BackTest | null>(`/rules/${this.rule.id}/backtest`), get<{ versions: RuleVersion[] }>(`/rules/${this.rule.id}/versions`)]);
    const found = test.status === "fulfilled" ? test.value : null;
    this.test.replaceChildren(found ? this.pictured(found) : h("p", { class: "notice" }, icon("history"), h("span", {}, t("rules.never_tried"))));
    const shadow = this.rule.mode === "shadow" ? await get<{ alarms: ShadowAlert[] }>(`/rules/${this.rule.id}/shadow`).catch(() => null) : null;
    this.past.replaceChildren(...(shadow ? [this.shadow(shadow.alarms)] : []), ...(versions.status === "fulfilled" ? [this.versions(versions.value.versions)] : []));
  }

  private pictured(found: BackTest): HTMLElement {
    const old = found.rule_version !== this.rule.version;
    return h("div", {}, old && h("p", { class: "notice" }, icon("triangle-alert"), h("span", {}, t("rules.old_test", { version: found.rule_version ?? "—" }))), picture(found, this.catalogue.get(this.rule.metric ?? "")));
  }

  private shadow(all: ShadowAlert[]): HTMLElement {
    if (!all.length) return h("p", { class: "muted" }, t("rules.no_shadow"));
    const title = t("rules.shadow_saw", { n: all.length });
    return h("details", { open: true }, h("summary", {}, title), alarms(title, all, this.catalogue.get(this.rule.metric ?? "")));
  }

  private versions(all: RuleVersion[]): HTMLElement {
    const rows = all.map(({ version, at, by, rule }) => [String(version), `${day(Date.parse(at))} ${minutes(Date.parse(at))}`, by, sentence(rule, this.catalogue)]);
    return h("details", {}, h("summary", {}, t("rules.versions", { n: all.length })),
      table(t("rules.versions", { n: all.length }), [t("rules.column.version"), t("rules.column.at"), t("rules.column.by"), t("rules.column.watches")], rows));
  }

  private async run(): Promise<void> {
    await this.try(async () => {
      this.test.replaceChildren(h("p", { class: "nothing", role: "status" }, t("rules.trying")));
      this.test.replaceChildren(this.pictured(await post<BackTest>(`/rules/${this.rule.id}/backtest`, {})));
    });
  }

  private async go(mode: Mode, more: Record<string, string> = {}): Promise<void> {
    try {
      this.became(await post<Rule>(`/rules/${this.rule.id}/mode`, { mode, ...more }));
    } catch (trouble) {
      if (trouble instanceof Trouble && trouble.code === "no-backtest" && !more.override) this.override(trouble.message);
      else throw trouble;
    }
  }

  private became(rule: Rule): void {
    this.rule = rule;
    this.show();
    void this.load();
    this.changed();
  }

  /** Going live without a back-test is somebody's named decision. */
  private override(why: string): void {
    fillIn(t("rules.override"), [lines("override", t("rules.override_reason"), { required: true, minlength: 10, maxlength: 500 }, t("rules.override_hint"))], t("rules.to_live"),
      ({ override }) => this.go("live", { override: String(override) }), why);
  }

  private outOfService(): void {
    fillIn(t("rules.out_title", { rule: this.rule.message }), [text("reason", t("rules.out_reason"), { required: true, maxlength: 500 })], t("rules.to_out"),
      ({ reason }) => this.go("out_of_service", { reason: String(reason) }), t("rules.out_about"));
  }

  private async try(what: () => Promise<void>): Promise<void> {
    setText(this.trouble, "");
    try {
      await what();
    } catch (trouble) {
      setText(this.trouble, trouble instanceof Trouble ? trouble.message : t("error.title"));
      await this.load();
    }
  }
}
