// Everything one device measures, stacked on one time axis: one chart for each metric, one cursor through all.

import { get, send, Trouble } from "../api.ts";
import { metrics } from "../catalogue.ts";
import { TimeControls } from "../chart/controls.ts";
import { listed, mark } from "../chart/incidents.ts";
import { Marks } from "../chart/marks.ts";
import { Trend } from "../chart/trend.ts";
import { between, bounds, fromQuery, intoQuery, type View } from "../chart/view.ts";
import { h, icon, setText } from "../dom.ts";
import { Element, failure } from "../element.ts";
import { save } from "../file.ts";
import { age, day, minutes, share, stamp, zone } from "../format.ts";
import type { Metric } from "../model.ts";
import { plant, type Pick } from "../plant.ts";
import type { Rule } from "../rules/model.ts";
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
  private readonly other = toggle(t("chart.table"), icon("table"), (on) => this.trends.forEach((trend) => trend.turn(on)));
  private readonly compare = toggle(t("chart.compare"), icon("history"), () => this.look(this.view));
  private readonly marks = new Marks(() => this.marked());
  private readonly incidents = h("section", { class: "panel", "aria-label": t("chart.incidents"), hidden: true });
  private readonly takeAway = h("ul", { class: "popover" });
  private trends = new Map<Metric, Trend>();
  private catalogue = new Map<string, Metric>();
  private rules: Rule[] = [];
  private shown = new AbortController();

  protected begin(signal: AbortSignal): void {
    const act = (words: string, sign: SVGElement, click: () => void): HTMLElement =>
      h("button", { type: "button", class: "button small", click }, sign, words);
    this.replaceChildren(
      h("div", { class: "panel toolbar" }, this.querySelector("h2")!, this.times.paused, this.times.element,
        h("div", { class: "deeds" }, this.said, this.other, this.compare,
          start.mayAcknowledge && act(t("chart.mark"), icon("flag"), () => mark(start.device!, bounds(this.view, plant.now()), () => void this.marks.load())),
          act(t("chart.link"), icon("link"), () => void this.copyLink()), this.downloads())),
      this.message, this.strips, this.incidents);
    setPressed(this.compare, new URLSearchParams(location.search).get("compare") === "week");
    plant.on("snapshot", () => this.offer(), signal);
    plant.on("device", (event) => event.detail.device.id === start.device && this.offer(), signal);
    plant.on("pick", (event) => this.picked(event.detail), signal);
    signal.addEventListener("abort", () => this.shown.abort());
    this.marks.begin(signal);
    this.marks.look(start.device!, this.view);
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
    this.strips.replaceChildren(...[...this.trends].map(([metric, trend]) => this.panel(metric, trend)));
    for (const [metric, trend] of this.trends) {
      trend.begin(this.shown.signal, CURSOR);
      if (isPressed(this.other)) trend.turn(true);
      trend.show(start.device!, metric, this.view, isPressed(this.compare));
    }
  }

  private strip(metric: Metric): Trend {
    const trend: Trend = new Trend(this.view, {
      look: (view) => this.look(view),
      rules: () => this.rules,
      alerts: () => this.marks.alerts,
      incidents: () => this.marks.incidents,
      drawn: () => tellQuality(this.strips.querySelector(`[data-metric="${metric.name}"] .quality`), trend),
    });
    return trend;
  }

  private look(view: View): void {
    this.view = view;
    this.times.show(view);
    const url = new URL(location.href);
    this.intoAddress(url, view);
    history.replaceState(null, "", url);
    this.marks.look(start.device!, view);
    this.listIncidents();
    for (const [metric, trend] of this.trends) trend.show(start.device!, metric, view, isPressed(this.compare));
  }

  /** An alert was chosen: its time, with what was before and after. */
  private picked({ span }: Pick): void {
    if (!span) return;
    this.look(between(...span));
    this.scrollIntoView({ block: "start" });
  }

  private intoAddress(url: URL, view: View): void {
    intoQuery(view, url.searchParams);
    if (isPressed(this.compare)) url.searchParams.set("compare", "week");
    else url.searchParams.delete("compare");
  }

  /** Alarms and incidents as they are now. */
  private marked(): void {
    this.trends.forEach((trend) => trend.draw());
    this.listIncidents();
  }

  private listIncidents(): void {
    const [from, to] = bounds(this.view, plant.now());
    const seen = this.marks.incidents.filter((one) => Date.parse(one.to) > from && Date.parse(one.from) < to);
    this.incidents.hidden = !seen.length;
    this.incidents.replaceChildren(h("header", {}, h("h3", {}, t("chart.incidents"))),
      listed(seen, (begin, end) => this.look(around(begin, end)), (id) => this.unmark(id)));
  }

  private async unmark(id: number): Promise<void> {
    await this.made(send("DELETE", `/incidents/${id}`).then(() => this.marks.load()));
  }

  /** What somebody asked for and did not get is told. */
  private async made(deed: Promise<unknown>): Promise<void> {
    await deed.catch((trouble: unknown) => this.say(trouble instanceof Trouble ? trouble.message : t("error.title")));
  }

  /** What is shown now, also for who opens it tomorrow. */
  private async copyLink(): Promise<void> {
    const [from, to] = bounds(this.view, plant.now());
    const url = new URL(location.href);
    this.intoAddress(url, { live: false, from, to });
    const copied = await navigator.clipboard.writeText(url.href).then(() => true, () => false);
    this.say(copied ? t("chart.copied") : url.href);
  }

  /** What is shown, or every reading of that time as the appliance has it. */
  private downloads(): HTMLElement {
    const menu = h("details", { class: "menu downloads", toggle: () => menu.open && this.offerFiles(menu) },
      h("summary", { class: "button small" }, icon("download"), t("chart.download")), this.takeAway);
    return menu;
  }

  private offerFiles(menu: HTMLDetailsElement): void {
    const [from, to] = bounds(this.view, plant.now()).map(Math.round) as [number, number];
    const every = (format: string): HTMLElement => h("li", {},
      h("a", { href: `/data/export?format=${format}&device_id=${start.device}&from=${from}&to=${to}`, download: true, click: () => { menu.open = false; } }, t(`chart.every_${format as "csv" | "parquet"}`)));
    this.takeAway.replaceChildren(
      h("li", {}, h("button", { type: "button", class: "ghost", click: () => { menu.open = false; void this.made(this.download()); } }, t("chart.csv"))),
      every("csv"), every("parquet"));
  }

  private async download(): Promise<void> {
    const shown = [...this.trends].flatMap(([metric, { series }]) => (series ? [[metric, series] as const] : []));
    const { csv } = await import("../chart/csv.ts");
    save(new Blob(["\ufeff", csv(shown)], { type: "text/csv;charset=utf-8" }), this.fileName("csv"));
  }

  private async picture(metric: Metric, { shown }: Trend): Promise<void> {
    if (!shown) return;
    const { png } = await import("../chart/png.ts");
    const [from, to] = shown.bounds.map((ms) => `${day(ms)} ${minutes(ms)}`) as [string, string];
    const unit = metric.unit_label && ` (${metric.unit_label})`;
    const made = await png(shown, `${this.device} · ${metric.label}${unit}`, t("chart.picture_about", { from, to, zone: zone.name }));
    save(made, this.fileName("png", metric.name));
  }

  private get device(): string {
    return plant.devices.get(start.device!)?.device.name ?? "device";
  }

  private fileName(kind: string, metric?: string): string {
    const [from, to] = bounds(this.view, plant.now()).map((ms) => stamp(ms).slice(0, 16).replace(":", "")) as [string, string];
    return [this.device, metric, from, to].filter(Boolean).join("_") + `.${kind}`;
  }

  private panel(metric: Metric, trend: Trend): HTMLElement {
    const name = h("h3", { id: `metric-${metric.name}` }, metric.label, metric.unit_label && h("span", { class: "unit muted" }, ` ${metric.unit_label}`));
    const words = t("chart.png", { metric: metric.label });
    return h("section", { class: "panel strip", "aria-labelledby": name.id, "data-metric": metric.name },
      h("header", {}, name, trend.figures.element, trend.read), trend.frame,
      h("footer", {}, h("p", { class: "quality muted" }), trend.basis,
        h("button", { type: "button", class: "ghost square", "aria-label": words, title: words, click: () => void this.made(this.picture(metric, trend)) }, icon("image-down"))));
  }

  private say(words: string): void {
    setText(this.said, words);
    setTimeout(() => setText(this.said, ""), SAID_MS);
  }
}

/** A button that is on or off. */
function toggle(words: string, sign: SVGElement, turned: (on: boolean) => void): HTMLButtonElement {
  const made = h("button", { type: "button", class: "button small", "aria-pressed": "false", click: () => { setPressed(made, !isPressed(made)); turned(isPressed(made)); } }, sign, words);
  return made;
}

function isPressed(button: HTMLElement): boolean {
  return button.getAttribute("aria-pressed") === "true";
}

function setPressed(button: HTMLElement, on: boolean): void {
  button.setAttribute("aria-pressed", String(on));
}

/** A stretch with as much before and after it again. */
function around(from: number, to: number): View {
  return between(from - (to - from), to + (to - from));
}

function tellQuality(place: globalThis.Element | null, trend: Trend): void {
  const quality = trend.quality();
  if (!place || !quality) return;
  const gap = quality.longest ? t("chart.longest_gap", { age: age(quality.longest) }) : t("chart.no_gap");
  setText(place, `${t("chart.coverage", { share: share(quality.share) })} · ${gap}`);
}
