// The trend: one metric of one device, live or over a chosen stretch of time.

import { get } from "../api.ts";
import { metrics } from "../catalogue.ts";
import { Controls, Figures } from "../chart/controls.ts";
import { columns, extended, gapMs, gaps, stats, type Columns } from "../chart/data.ts";
import { Plot, type Limit } from "../chart/plot.ts";
import { table } from "../chart/table.ts";
import { between, bounds, fromQuery, intoQuery, moved, zoomed, type Range, type View } from "../chart/view.ts";
import { h, setText } from "../dom.ts";
import { Element, failure } from "../element.ts";
import { clock, day, minutes, moment, quantity, step, zone } from "../format.ts";
import type { DeviceStatus, Metric, Rule, Series } from "../model.ts";
import { plant, type Pick } from "../plant.ts";
import { t } from "../text.ts";

const LEAST_PAUSE_MS = 2000;
const JUMP_MS = 3_600_000;

export class ChartElement extends Element {
  private readonly controls = new Controls({
    device: () => this.choose(Number(this.controls.device.value), this.controls.metric.value),
    range: (range) => this.look({ live: true, range }),
    move: (share) => this.look(moved(this.view, plant.now(), share)),
    zoom: (factor) => this.look(zoomed(this.view, plant.now(), factor)),
    live: () => this.look({ live: true, range: this.range }),
  });
  private readonly figures = new Figures();
  private readonly picture = h("div", { class: "plot", role: "img", tabindex: "0", "aria-label": t("loading"), keydown: (event) => this.key(event as KeyboardEvent) });
  private readonly message = h("div", { class: "plot-message" });
  private readonly rows = h("div", { class: "table-scroll chart-table", tabindex: "0", role: "group", "aria-label": t("chart.table"), hidden: true });
  private readonly frame = h("div", { class: "plot-frame" }, this.picture, this.rows, this.message);
  private readonly read = h("p", { class: "readout", role: "status" }, "\u00a0");
  private readonly basis = h("p", { class: "basis muted" });
  private readonly other = h("button", { type: "button", class: "button small", "aria-pressed": "false", click: () => this.turn() });
  private plot: Plot | undefined;
  private catalogue = new Map<string, Metric>();
  private rules: Rule[] = [];
  private view: View = fromQuery(new URLSearchParams(location.search));
  private range: Range = this.view.live ? this.view.range : "1h";
  private device: number | undefined;
  private metric: string | undefined;
  private series: Series | undefined;
  private columns: Columns | undefined;
  private loadedAt = 0;
  private asked = 0;
  private slidAt = 0;
  private cursor: number | null = null;

  protected begin(signal: AbortSignal): void {
    const query = new URLSearchParams(location.search);
    this.device = Number(query.get("device")) || undefined;
    this.metric = query.get("metric") ?? undefined;
    const title = this.querySelector("h2")!;
    this.replaceChildren(h("header", {}, title, this.controls.element), h("div", { class: "reading" }, this.controls.paused, this.read), this.frame,
      h("footer", {}, this.figures.element, this.basis, this.other));
    this.plot = new Plot(this.picture, () => this.frame.clientHeight, {
      zoom: (from, to) => this.look(between(from, to)),
      point: (place) => this.pointed(place),
    });
    this.controls.show(this.view);
    this.turn(false);
    this.listen(signal);
    void this.prepare();
  }

  private async prepare(): Promise<void> {
    try {
      const [catalogue, { rules }] = await Promise.all([metrics(), get<{ rules: Rule[] }>("/rules")]);
      this.catalogue = catalogue;
      this.rules = rules;
      this.offer();
    } catch (trouble) {
      this.fail(trouble);
    }
  }

  private listen(signal: AbortSignal): void {
    plant.on("snapshot", () => this.offer(), signal);
    plant.on("pick", (event) => this.picked(event.detail), signal);
    plant.on("device", (event) => this.heard(event.detail), signal);
    plant.on("second", () => this.slide(), signal);
    let width = 0;
    const observer = new ResizeObserver(() => {
      this.plot?.resize();
      if (Math.abs(this.picture.clientWidth - width) < 40) return;
      width = this.picture.clientWidth;
      void this.load();
    });
    observer.observe(this.frame);
    const recolour = (): void => this.plot?.recolour();
    document.addEventListener("themechange", recolour, { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour, { signal });
    void document.fonts.ready.then(recolour);
    signal.addEventListener("abort", () => { observer.disconnect(); this.plot?.destroy(); });
  }

  private offer(): void {
    if (!plant.devices.size || !this.catalogue.size) return;
    const first = this.device === undefined;
    const preferred = first ? [...plant.devices.values()].find(({ state }) => state === "live") : undefined;
    this.controls.offer([...plant.devices.values()], this.catalogue, this.device ?? preferred?.device.id, this.metric);
    this.device = Number(this.controls.device.value);
    this.metric = this.controls.metric.value || undefined;
    void this.load();
  }

  private picked({ device, metric }: Pick): void {
    this.choose(device, metric ?? this.metric);
    this.closest("section")?.scrollIntoView({ block: "nearest" });
  }

  private choose(device: number, metric: string | undefined): void {
    this.controls.offer([...plant.devices.values()], this.catalogue, device, metric);
    this.device = device;
    this.metric = this.controls.metric.value || undefined;
    this.remember();
    void this.load();
  }

  private look(view: View): void {
    this.view = view;
    if (view.live) this.range = view.range;
    this.controls.show(view);
    this.remember();
    void this.load();
  }

  /** The address shows what the chart shows, to be kept or sent to somebody. */
  private remember(): void {
    const url = new URL(location.href);
    intoQuery(this.view, url.searchParams);
    if (this.device) url.searchParams.set("device", String(this.device));
    if (this.metric) url.searchParams.set("metric", this.metric);
    history.replaceState(null, "", url);
  }

  private async load(): Promise<void> {
    const { device, metric } = this;
    if (!device || !metric || !this.plot) return;
    const [from, to] = bounds(this.view, plant.now()).map(Math.round) as [number, number];
    const asked = ++this.asked;
    this.loadedAt = Date.now();
    const query = new URLSearchParams({ device_id: String(device), metric, from: String(from), to: String(to), points: String(this.plot.width) });
    try {
      const series = await get<Series>(`/data/series?${query}`);
      if (asked !== this.asked) return;
      this.series = series;
      this.message.replaceChildren();
      this.draw();
    } catch (trouble) {
      if (asked === this.asked) this.fail(trouble);
    }
  }

  private fail(trouble: unknown): void {
    this.message.replaceChildren(failure(trouble, () => void (this.catalogue.size ? this.load() : this.prepare())));
  }

  /** The chart as often as its pixels change, and no faster than is kind to the appliance. */
  private get pauseMs(): number {
    const [from, to] = bounds(this.view, 0);
    return Math.max(LEAST_PAUSE_MS, (to - from) / (this.plot?.width ?? 600));
  }

  private heard(status: DeviceStatus): void {
    if (!this.view.live || status.device.id !== this.device || !this.series) return;
    if (Date.now() - this.loadedAt >= this.pauseMs) {
      void this.load();
      return;
    }
    const newest = status.latest.find(({ metric }) => metric === this.metric);
    if (!newest) return;
    this.series = extended(this.series, Date.parse(newest.time), newest.value);
    this.draw();
  }

  private slide(): void {
    if (!this.view.live || Date.now() - this.slidAt < this.pauseMs / 2 || !this.series) return;
    this.slidAt = Date.now();
    this.draw();
  }

  private draw(): void {
    const series = this.series;
    const metric = this.catalogue.get(this.metric ?? "");
    const status = plant.devices.get(this.device ?? 0);
    if (!series || !metric || !status) return;
    const span = bounds(this.view, plant.now());
    const gap = gapMs(series, status.device.expected_interval_ms);
    const told = stats(series);
    const words = (value: number): string => quantity(value, series.digits, series.unit_label);
    this.columns = columns(series, gap);
    this.plot?.show({
      columns: this.columns,
      bounds: span,
      gaps: gaps(series, gap, span[0], Math.min(span[1], plant.now())),
      limits: this.limits(words),
      last: told && { time: this.columns.times.at(-1)!, value: told.last, words: words(told.last) },
      stepped: metric.name === "running",
    });
    this.figures.show(told ? { last: words(told.last), min: words(told.min), mean: words(told.mean), max: words(told.max) } : {});
    setText(this.basis, series.source === "raw" ? t("chart.raw") : t("chart.buckets", { step: step(series.bucket_ms!) }));
    this.picture.setAttribute("aria-label", this.sentence(status, metric, told && { last: words(told.last), min: words(told.min), mean: words(told.mean), max: words(told.max) }));
    if (!told) this.sayNothing(status);
    if (this.picture.hidden) this.tabulate();
  }

  /** The data as a table in the picture's place. */
  private tabulate(): void {
    if (this.series) this.rows.replaceChildren(table(this.series, this.catalogue.get(this.metric!)?.label ?? ""));
  }

  private limits(words: (value: number) => string): Limit[] {
    return this.rules
      .filter((rule) => rule.enabled && rule.device_id === this.device && rule.metric === this.metric && rule.limit !== null)
      .map(({ limit, priority }) => ({ value: limit!, priority, words: t("chart.limit", { value: words(limit!) }) }));
  }

  private sentence({ device }: DeviceStatus, metric: Metric, told: Record<string, string> | undefined): string {
    const [from, to] = bounds(this.view, plant.now());
    const about = { metric: metric.label, device: device.name, zone: zone.name, from: `${day(from)} ${minutes(from)}`, to: `${day(to)} ${minutes(to)}` };
    return told ? `${t("chart.sentence", { ...about, ...told })} ${t("chart.keys")}` : t("chart.sentence_none", about);
  }

  private sayNothing(status: DeviceStatus): void {
    const [from, to] = bounds(this.view, plant.now());
    const last = status.latest.find(({ metric }) => metric === this.metric);
    const at = last && Date.parse(last.time);
    this.message.replaceChildren(h("div", { class: "no-data" },
      h("p", {}, t("chart.no_data", { from: moment(from, plant.now()), to: moment(to, plant.now()) }),
        at ? ` ${t("chart.last_value", { time: moment(at, plant.now()) })}` : ""),
      at ? h("button", { type: "button", class: "button small", click: () => this.look(between(at - JUMP_MS, at + JUMP_MS / 12)) }, t("chart.jump")) : null));
  }

  private pointed(place: number | null): void {
    this.cursor = place;
    const { series, columns: at } = this;
    const value = place === null ? null : at?.mean[place];
    if (!series || !at || value === null || value === undefined) {
      setText(this.read, "\u00a0");
      return;
    }
    const words = (one: number): string => quantity(one, series.digits, series.unit_label);
    const time = `${day(at.times[place!]!)} ${clock(at.times[place!]!)}`;
    setText(this.read, series.source === "raw"
      ? t("chart.at", { time, value: words(value) })
      : t("chart.at_bucket", { time, value: words(value), min: words(at.min[place!]!), max: words(at.max[place!]!) }));
  }

  private key(event: KeyboardEvent): void {
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -1e9, End: 1e9 };
    const by = steps[event.key];
    const count = this.columns?.times.length;
    if (by === undefined || !count || !this.plot) return;
    event.preventDefault();
    const from = this.cursor ?? (by < 0 ? count : -1);
    this.plot.point(Math.min(count - 1, Math.max(0, from + by)));
  }

  private turn(toTable = !this.picture.hidden): void {
    this.picture.hidden = toTable;
    this.other.setAttribute("aria-pressed", String(toTable));
    setText(this.other, t("chart.table"));
    this.rows.hidden = !toTable;
    if (toTable) this.tabulate();
    else this.plot?.resize();
  }
}
