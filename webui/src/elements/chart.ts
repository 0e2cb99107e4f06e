// The dashboard's trend: one metric of one device, chosen above it or by a click elsewhere on the page.

import { get } from "../api.ts";
import { metrics } from "../catalogue.ts";
import { Picks, TimeControls } from "../chart/controls.ts";
import { Marks } from "../chart/marks.ts";
import { Trend } from "../chart/trend.ts";
import { fromQuery, intoQuery, type View } from "../chart/view.ts";
import { h, setText } from "../dom.ts";
import { Element } from "../element.ts";
import type { Metric } from "../model.ts";
import { plant, type Pick } from "../plant.ts";
import type { Rule } from "../rules/model.ts";
import { t } from "../text.ts";

export class ChartElement extends Element {
  private view: View = fromQuery(new URLSearchParams(location.search));
  private readonly picks = new Picks(() => this.choose(Number(this.picks.device.value), this.picks.metric.value));
  private readonly times = new TimeControls(this.view, (view) => this.look(view));
  private readonly trend = new Trend(this.view, {
    look: (view) => this.look(view),
    rules: () => this.rules,
    alerts: () => this.marks.alerts,
    incidents: () => this.marks.incidents,
  });
  private readonly marks = new Marks(() => this.trend.draw());
  private readonly other = h("button", { type: "button", class: "button small", "aria-pressed": "false", click: () => this.turn() }, t("chart.table"));
  private readonly page = h("a", { class: "to-page" });
  private catalogue = new Map<string, Metric>();
  private rules: Rule[] = [];
  private device: number | undefined;
  private metric: string | undefined;

  protected begin(signal: AbortSignal): void {
    const query = new URLSearchParams(location.search);
    this.device = Number(query.get("device")) || undefined;
    this.metric = query.get("metric") ?? undefined;
    const { read, frame, figures, basis } = this.trend;
    this.replaceChildren(
      h("header", {}, this.querySelector("h2")!, h("div", { class: "controls" }, this.picks.element, this.times.element)),
      h("div", { class: "reading" }, this.times.paused, this.page, read), frame,
      h("footer", {}, figures.element, basis, this.other));
    this.trend.begin(signal);
    this.marks.begin(signal);
    plant.on("snapshot", () => this.offer(), signal);
    plant.on("pick", (event) => this.picked(event.detail), signal);
    void this.prepare();
  }

  private async prepare(): Promise<void> {
    try {
      const [catalogue, { rules }] = await Promise.all([metrics(), get<{ rules: Rule[] }>("/rules")]);
      this.catalogue = catalogue;
      this.rules = rules;
      this.offer();
    } catch (trouble) {
      this.trend.fail(trouble, () => void this.prepare());
    }
  }

  private offer(): void {
    if (!plant.devices.size || !this.catalogue.size) return;
    const preferred = [...plant.devices.values()].find(({ state }) => state === "live");
    this.settle(this.device ?? preferred?.device.id, this.metric);
  }

  private picked({ device, metric }: Pick): void {
    this.choose(device, metric ?? this.metric);
    this.closest("section")?.scrollIntoView({ block: "nearest" });
  }

  private choose(device: number, metric: string | undefined): void {
    this.settle(device, metric);
    this.remember();
  }

  private look(view: View): void {
    this.view = view;
    this.times.show(view);
    this.remember();
    this.show();
  }

  /** What was wished for, where it is there. */
  private settle(device: number | undefined, metric: string | undefined): void {
    this.picks.offer([...plant.devices.values()], this.catalogue, device, metric);
    this.device = Number(this.picks.device.value);
    this.metric = this.picks.metric.value || undefined;
    this.show();
  }

  private show(): void {
    this.marks.look(this.device, this.view);
    this.trend.show(this.device, this.catalogue.get(this.metric ?? ""), this.view);
    const query = new URLSearchParams();
    intoQuery(this.view, query);
    if (!this.device) return;
    this.page.href = `/dashboard/devices/${this.device}?${query}`;
    setText(this.page, t("chart.page", { device: plant.devices.get(this.device)?.device.name ?? "" }));
  }

  /** The address shows what the chart shows, to be kept or sent to somebody. */
  private remember(): void {
    const url = new URL(location.href);
    intoQuery(this.view, url.searchParams);
    if (this.device) url.searchParams.set("device", String(this.device));
    if (this.metric) url.searchParams.set("metric", this.metric);
    history.replaceState(null, "", url);
  }

  private turn(): void {
    const toTable = this.other.getAttribute("aria-pressed") !== "true";
    this.other.setAttribute("aria-pressed", String(toTable));
    this.trend.turn(toTable);
  }
}
