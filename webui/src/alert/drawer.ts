// One alarm beside the list: what happened, why it matters, what to do, who did what.

import { Trouble } from "../api.ts";
import { metricsAtLast } from "../catalogue.ts";
import { dialog } from "../dialog.ts";
import { h, icon, setText } from "../dom.ts";
import { age, clock, day, quantity } from "../format.ts";
import type { Alert, Metric } from "../model.ts";
import { plant } from "../plant.ts";
import { chip } from "../priority.ts";
import { start } from "../start.ts";
import { t, type Key } from "../text.ts";
import { acknowledge, comment, detail, isShelved, reset, shelve, unshelve, type AlertEvent } from "./deeds.ts";
import { around } from "./picture.ts";
import { replayOf, stateWords, waits } from "./words.ts";

const KNOWN = new Set(["raised", "cleared", "acknowledged", "commented", "shelved", "unshelved", "shelf-expired", "suppressed", "unsuppressed", "realarmed", "escalated", "reset", "superseded"]);

export class Drawer {
  private readonly head = h("div", { class: "drawer-head" });
  private readonly trouble = h("p", { class: "wrong", role: "alert" });
  private readonly picture = h("div", { class: "drawer-picture" });
  private readonly more = h("div", { class: "drawer-more" });
  private readonly opened: HTMLDialogElement;
  private readonly ending = new AbortController();

  constructor(private readonly id: number, closed: () => void) {
    this.opened = dialog(t("alerts.one"), this.head, this.trouble, this.picture, this.more);
    this.opened.classList.add("drawer");
    this.opened.addEventListener("close", () => { this.ending.abort(); closed(); });
    plant.on("alert", (event) => { if (event.detail.id === id) void this.load(); }, this.ending.signal);
    void this.load(true);
  }

  private async load(first = false): Promise<void> {
    try {
      const [{ alert, events }, catalogue] = await Promise.all([detail(this.id), metricsAtLast()]);
      const metric = catalogue.get(alert.metric ?? "");
      this.show(alert, events, metric);
      if (first) {
        const drawn = await around(alert, metric).catch(() => null);
        this.picture.replaceChildren(...(drawn ? [drawn] : []));
      }
    } catch (trouble) {
      setText(this.trouble, trouble instanceof Trouble ? trouble.message : t("error.title"));
    }
  }

  private show(alert: Alert, events: readonly AlertEvent[], metric: Metric | undefined): void {
    const words = (value: number | null): string => (value === null ? "—" : quantity(value, metric?.digits ?? 1, alert.unit_label ?? ""));
    const time = (at: string): string => `${day(Date.parse(at))} ${clock(Date.parse(at))}`;
    const fact = (name: Key, value: string | null | false): HTMLElement | null => (value ? h("div", {}, h("dt", {}, t(name)), h("dd", {}, value)) : null);
    this.head.replaceChildren(
      h("p", { class: "drawer-title" }, chip(alert.priority), h("strong", {}, alert.message)),
      h("p", {}, h("a", { href: `/dashboard/devices/${alert.device_id}` }, [alert.machine, alert.device, alert.area].filter(Boolean).join(" · ")), " · ",
        h("a", { href: replayOf(alert) }, t("alerts.replay"))),
      h("p", { class: "alert-state" }, stateWords(alert)),
      h("dl", { class: "facts" },
        fact("alerts.fact.raised", time(alert.raised_at)), fact("alerts.fact.cleared", alert.cleared_at && time(alert.cleared_at)),
        fact("alerts.fact.value", alert.raised_value === null ? null : words(alert.raised_value)), fact("alerts.fact.limit", alert.limit === null ? null : words(alert.limit)),
        fact("alerts.fact.forecast", alert.forecast_at && time(alert.forecast_at)), fact("alerts.fact.respond", alert.respond_seconds ? age(alert.respond_seconds * 1000) : null),
        fact("alerts.fact.late", alert.late && t("alerts.was_late"))),
      this.deeds(alert) ?? "");
    const part = (name: Key, said: string): HTMLElement | null => (said ? h("section", {}, h("h3", {}, t(name)), h("p", { class: "what" }, said)) : null);
    this.more.replaceChildren(...[
      part("alerts.what", alert.what_to_do), part("alerts.cause", alert.cause), part("alerts.consequence", alert.consequence),
      h("section", {}, h("h3", {}, t("alerts.events")), h("ol", { class: "events" }, ...events.map((event) => this.event(event, time, words)))),
    ].filter((each) => each !== null));
  }

  private event({ at, what, who, note, value }: AlertEvent, time: (at: string) => string, words: (value: number | null) => string): HTMLElement {
    const said = KNOWN.has(what) ? t(`alerts.event.${what}` as Key) : what;
    return h("li", {}, h("span", { class: "muted" }, time(at)), h("span", {}, h("strong", {}, said), value === null ? null : ` ${words(value)}`, who && ` · ${who}`, note && h("span", { class: "sub" }, note)));
  }

  private deeds(alert: Alert): HTMLElement | null {
    if (!start.mayAcknowledge) return null;
    const button = (words: string, symbol: Node, deed: () => Promise<void> | void): HTMLElement =>
      h("button", { type: "button", class: "button small", click: () => void this.try(deed) }, symbol, words);
    const note = h("input", { class: "input", maxlength: 500, placeholder: t(alert.note_required ? "alerts.note_needed" : "alerts.note"), "aria-label": t("alerts.note") });
    return h("div", { class: "drawer-deeds" },
      waits(alert) ? h("div", { class: "with-note" }, note, button(t("alerts.acknowledge"), icon("check"), () => acknowledge(alert, note.value.trim()))) : null,
      h("div", { class: "form-end" },
        alert.state === "closed" ? null : isShelved(alert) ? button(t("alerts.unshelve"), icon("bell"), () => unshelve(alert)) : button(t("alerts.shelve"), icon("bell-off"), () => shelve(alert)),
        alert.latched ? button(t("alerts.reset"), icon("rotate-ccw"), () => reset(alert)) : null,
        button(t("alerts.comment"), icon("message-square"), () => comment(alert, () => void this.load()))));
  }

  private async try(deed: () => Promise<void> | void): Promise<void> {
    setText(this.trouble, "");
    try {
      await deed();
    } catch (trouble) {
      setText(this.trouble, trouble instanceof Trouble ? trouble.message : t("error.title"));
    }
  }
}
