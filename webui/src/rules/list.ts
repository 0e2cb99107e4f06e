// The rules of a plant: what is watched, in which mode, and the way to a new one.

import { get } from "../api.ts";
import { metrics } from "../catalogue.ts";
import { h, icon } from "../dom.ts";
import type { Metric } from "../model.ts";
import { empty, panel, Part } from "../part.ts";
import { plant } from "../plant.ts";
import { chip } from "../priority.ts";
import { start } from "../start.ts";
import { deed, deeds, table } from "../table.ts";
import { t } from "../text.ts";
import { Builder, mayWrite } from "./builder.ts";
import { MODES, type Mode, type Rule } from "./model.ts";
import { Sheet } from "./sheet.ts";
import { sentence } from "./words.ts";

export class RulesElement extends Part {
  private catalogue = new Map<string, Metric>();
  private wanted = "";
  private modes = new Set<Mode>();
  private open = new URLSearchParams(location.search).has("new");

  protected override begin(signal: AbortSignal): void {
    super.begin(signal);
    plant.addEventListener("snapshot", () => { if (!this.querySelector(".builder")) void this.load(); }, { once: true, signal });
  }

  protected async draw(): Promise<Node[]> {
    const [{ rules }, catalogue] = await Promise.all([get<{ rules: Rule[] }>("/rules"), metrics()]);
    this.catalogue = catalogue;
    const ours = rules.filter(({ factory_id }) => factory_id === start.factory);
    const list = h("div");
    const show = (): void => list.replaceChildren(this.listing(ours));
    show();
    const search = h("input", { class: "input search", type: "search", value: this.wanted, "aria-label": t("rules.search"), placeholder: t("rules.search"), input: () => { this.wanted = search.value; show(); } });
    const filters = h("div", { class: "filters", role: "group", "aria-label": t("rules.by_mode") }, ...MODES.map((mode) => {
      const button = h("button", { type: "button", class: "choice", "aria-pressed": String(this.modes.has(mode)), click: () => {
        if (!this.modes.delete(mode)) this.modes.add(mode);
        button.setAttribute("aria-pressed", String(this.modes.has(mode)));
        show();
      } }, `${t(`rules.mode.${mode}`)} ${ours.filter((rule) => rule.mode === mode).length}`);
      return button;
    }));
    const shown = panel(t("rules.all", { n: ours.length }), list);
    shown.querySelector("header")!.append(search, filters);
    if (mayWrite() && !this.open) {
      shown.querySelector("header")!.append(h("button", { type: "button", class: "button small primary", click: () => { this.open = true; void this.load(); } }, icon("plus"), t("rules.new")));
    }
    return [...(this.open && mayWrite() && plant.devices.size ? [this.builder(null)] : []), shown];
  }

  private builder(rule: Rule | null): HTMLElement {
    const done = (): void => { this.open = false; void this.load(); };
    const built = new Builder(rule, this.catalogue, (saved) => { done(); this.sheet(saved); }, done);
    return panel(rule ? t("rules.edit_title", { rule: rule.message }) : t("rules.new"), built.element);
  }

  private listing(rules: readonly Rule[]): HTMLElement {
    if (!rules.length) return empty(t("rules.none"), t(mayWrite() ? "rules.none_next" : "rules.none_ask"));
    const wanted = this.wanted.toLowerCase();
    const rows = rules
      .map((rule) => ({ rule, words: sentence(rule, this.catalogue), device: plant.devices.get(rule.device_id)?.device.name ?? "" }))
      .filter(({ rule, words, device }) => (!this.modes.size || this.modes.has(rule.mode)) && `${rule.message} ${words} ${device}`.toLowerCase().includes(wanted))
      .sort((a, b) => MODES.indexOf(b.rule.mode) - MODES.indexOf(a.rule.mode) || a.rule.priority - b.rule.priority || a.rule.message.localeCompare(b.rule.message));
    if (!rows.length) return h("p", { class: "nothing" }, t("rules.none_found"));
    return table(t("rules.title"), [t("rules.column.rule"), t("rules.column.watches"), t("rules.column.mode"), ""], rows.map(({ rule, words, device }) => [
      h("span", { class: "rule-name" }, chip(rule.priority), h("span", {}, rule.message, h("span", { class: "sub" }, device, rule.alarm_class === "advisory" ? ` · ${t("rules.class.advisory")}` : ""))),
      h("span", {}, words, h("span", { class: "sub" }, t(`rules.kind.${rule.look.kind}`))),
      h("span", { class: `word ${rule.mode === "live" ? "on" : rule.mode === "shadow" ? "" : "off"}` }, t(`rules.mode.${rule.mode}`)),
      deeds(deed(t("rules.open"), rule.message, () => this.sheet(rule)))]));
  }

  private sheet(rule: Rule): void {
    new Sheet(rule, this.catalogue, () => void this.load(), (edited) => {
      this.querySelector(".builder")?.closest("section")?.remove();
      const built = this.builder(edited);
      this.prepend(built);
      built.scrollIntoView({ block: "nearest" });
      built.querySelector<HTMLElement>("input:enabled")?.focus();
    });
  }
}
