// Everything one device measures, stacked on one time axis: one chart for each metric, one cursor through all.

import { book } from "../alert/book.ts";
import { get } from "../api.ts";
import { metrics } from "../catalogue.ts";
import { TimeControls } from "../chart/controls.ts";
import { csv } from "../chart/csv.ts";
import { Trend } from "../chart/trend.ts";
import { between, bounds, fromQuery, intoQuery, type View } from "../chart/view.ts";
import { h, icon, setText } from "../dom.ts";
import { Element, failure } from "../element.ts";
import { save } from "../file.ts";
import { age, share, stamp } from "../format.ts";
import type { Metric, Rule } from "../model.ts";
import { plant, type Pick } from "../plant.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";

const CURSOR = "device";
const SAID_MS = 4000;

export class DeviceChartsElement extends Element {
  private view: View = fromQuery(new URLSearchParams(location.search));
  private readonly times = new TimeControls(this.view, (view) => this.look(view));
  private readonly strips = h("div", { class: "strips" });
  private readonly message = h("div");
  private readonly said = h("p", { class: "said muted", role: "status" });
  private readonly other = h("button", { type: "button", class: "button small", "aria-pressed": "false", click: () => this.turn() }, icon("table"), t("chart.table"));
  private trends = new Map<Metric, Trend>();
  private catalogue = new Map<string, Metric>();
  private rules: Rule[] = [];
  private shown = new AbortController();

  protected begin(signal: AbortSignal): void {
    const act = (words: string, sign: SVGElement, click: () => void): HTMLElement =>
      h("button", { type: "button", class: "button small", click }, sign, words);
    this.replaceChildren(
      h("div", { class: "panel toolbar" }, this.querySelector("h2")!, this.times.paused, this.times.element,
        h("div", { class: "deeds" }, this.said, this.other,
          act(t("chart.link"), icon("link"), () => void this.copyLink()),
          act(t("chart.csv"), icon("download"), () => this.download()))),
      this.message, this.strips);
    plant.on("snapshot", () => this.offer(), signal);
    plant.on("device", (event) => event.detail.device.id === start.device && this.offer(), signal);
    plant.on("pick", (event) => this.picked(event.detail), signal);
    book.addEventListener("change", () => this.trends.forEach((trend) => trend.draw()), { signal });
    signal.addEventListener("abort", () => this.shown.abort());
    void book.want();
    void this.prepare();
  }

  private async prepare(): Promise<void> {
    try {
      const [catalogue, { rules }] = await Promise.all([metrics(), get<{ rules: Rule[] }>(`/rules?device_id=${start.device}`)]);
      this.catalogue = catalogue;
      this.rules = rules;
      this.message.replaceChildren();
      this.offer();
    } catch (trouble) {
      this.message.replaceChildren(h("div", { class: "panel" }, failure(trouble, () => void this.prepare())));
    }
  }

  /** A chart for each metric; anew only when the device measures something else than before. */
  private offer(): void {
    const status = plant.devices.get(start.device!);
    if (!status || !this.catalogue.size) return;
    const measured = [...this.catalogue.values()].filter(({ name }) => status.latest.some(({ metric }) => metric === name));
    if (!measured.length) this.message.replaceChildren(h("p", { class: "panel nothing" }, t("device.nothing")));
    if (measured.length === this.trends.size && measured.every((metric) => this.trends.has(metric))) return;
    this.shown.abort();
    this.shown = new AbortController();
    this.message.replaceChildren();
    this.trends = new Map(measured.map((metric) => [metric, this.strip(metric)]));
    this.strips.replaceChildren(...[...this.trends].map(([metric, trend]) => panel(metric, trend)));
    const toTable = this.other.getAttribute("aria-pressed") === "true";
    for (const [metric, trend] of this.trends) {
      trend.begin(this.shown.signal, CURSOR);
      if (toTable) trend.turn(true);
      trend.show(start.device!, metric, this.view);
    }
  }

  private strip(metric: Metric): Trend {
    const trend: Trend = new Trend(this.view, {
      look: (view) => this.look(view),
      rules: () => this.rules,
      alerts: () => book.alerts(),
      drawn: () => tellQuality(this.strips.querySelector(`[data-metric="${metric.name}"] .quality`), trend),
    });
    return trend;
  }

  private look(view: View): void {
    this.view = view;
    this.times.show(view);
    const url = new URL(location.href);
    intoQuery(view, url.searchParams);
    history.replaceState(null, "", url);
    for (const [metric, trend] of this.trends) trend.show(start.device!, metric, view);
  }

  /** An alert was chosen: its time, with what was before and after. */
  private picked({ span }: Pick): void {
    if (!span) return;
    this.look(between(...span));
    this.scrollIntoView({ block: "start" });
  }

  private turn(): void {
    const toTable = this.other.getAttribute("aria-pressed") !== "true";
    this.other.setAttribute("aria-pressed", String(toTable));
    this.trends.forEach((trend) => trend.turn(toTable));
  }

  /** What is shown now, also for who opens it tomorrow. */
  private async copyLink(): Promise<void> {
    const [from, to] = bounds(this.view, plant.now());
    const url = new URL(location.href);
    intoQuery({ live: false, from, to }, url.searchParams);
    const copied = await navigator.clipboard.writeText(url.href).then(() => true, () => false);
    this.say(copied ? t("chart.copied") : url.href);
  }

  private download(): void {
    const shown = [...this.trends].flatMap(([metric, { series }]) => (series ? [[metric, series] as const] : []));
    const [from, to] = bounds(this.view, plant.now()).map((ms) => stamp(ms).slice(0, 16)) as [string, string];
    const name = plant.devices.get(start.device!)?.device.name ?? "device";
    save(new Blob(["\ufeff", csv(shown)], { type: "text/csv;charset=utf-8" }), `${name}_${from}_${to}.csv`.replaceAll(":", ""));
  }

  private say(words: string): void {
    setText(this.said, words);
    setTimeout(() => setText(this.said, ""), SAID_MS);
  }
}

function panel(metric: Metric, { figures, frame, read, basis }: Trend): HTMLElement {
  const name = h("h3", { id: `metric-${metric.name}` }, metric.label, metric.unit_label && h("span", { class: "unit muted" }, ` ${metric.unit_label}`));
  return h("section", { class: "panel strip", "aria-labelledby": name.id, "data-metric": metric.name },
    h("header", {}, name, figures.element, read), frame,
    h("footer", {}, h("p", { class: "quality muted" }), basis));
}

function tellQuality(place: globalThis.Element | null, trend: Trend): void {
  const quality = trend.quality();
  if (!place || !quality) return;
  const gap = quality.longest ? t("chart.longest_gap", { age: age(quality.longest) }) : t("chart.no_gap");
  setText(place, `${t("chart.coverage", { share: share(quality.share) })} · ${gap}`);
}
