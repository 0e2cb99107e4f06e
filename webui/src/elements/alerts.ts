// The dashboard's open alerts: what waits for somebody first.

import { AlertList, byUrgency } from "../alert/list.ts";
import { h, icon, setText } from "../dom.ts";
import { Element } from "../element.ts";
import type { Alert } from "../model.ts";
import { plant } from "../plant.ts";
import { start } from "../start.ts";
import { t, type Key } from "../text.ts";

const ANNOUNCED = 2; // new alerts of these priorities are read out

export class AlertsElement extends Element {
  private readonly list = new AlertList(false);
  private readonly none = nothing(t(start.replay ? "replay.no_alerts" : "alerts.none"), start.replay ? "" : t("alerts.none_more"));
  private readonly said = h("p", { class: "sr", role: "status" });
  private readonly count = h("span", { class: "muted" });
  private known = new Set<number>();

  protected begin(signal: AbortSignal): void {
    this.replaceChildren(h("header", {}, this.querySelector("h2")!, this.count), this.list.element, this.none, this.said);
    this.list.begin(signal);
    plant.on("snapshot", () => this.show(), signal);
    plant.on("connection", () => this.show(), signal);
    plant.on("alert", (event) => this.changed(event.detail), signal);
  }

  private changed(alert: Alert): void {
    const isNew = here(alert) && !this.known.has(alert.id) && alert.state !== "closed";
    this.show();
    if (isNew && alert.priority <= ANNOUNCED) setText(this.said, announcement(alert));
  }

  private show(): void {
    const open = [...plant.alerts.values()].filter(here).sort(byUrgency);
    this.known = new Set(open.map(({ id }) => id));
    this.list.show(open);
    this.none.hidden = open.length > 0 || plant.connection !== "live";
    setText(this.count, open.length ? t("alerts.all", { n: open.length }) : "");
  }
}

/** On the page of a machine only its alerts are shown. */
function here({ device_id }: Alert): boolean {
  return start.machine === null || plant.devices.get(device_id)?.device.machine_id === start.machine;
}

export function nothing(words: string, more = ""): HTMLElement {
  return h("div", { class: "nothing", hidden: true }, icon("circle-check"), h("p", {}, h("strong", {}, words), more && h("br"), more));
}

export function announcement({ message, device, priority }: Alert): string {
  return t("alerts.new", { message, device, priority: t(`priority.${priority}` as Key) });
}
