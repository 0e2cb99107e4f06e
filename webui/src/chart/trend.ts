// One metric of one device over a stretch of time: its picture, its table, its words and figures.

import { get } from "../api.ts";
import { h, setText } from "../dom.ts";
import { failure } from "../element.ts";
import { clock, day, minutes, moment, quantity, share, step, zone } from "../format.ts";
import type { Alert, DeviceStatus, Metric, Rule, Series } from "../model.ts";
import { plant } from "../plant.ts";
import { t } from "../text.ts";
import { Figures } from "./controls.ts";
import { columns, extended, gapMs, gaps, stats, type Columns, type Stats } from "./data.ts";
import { Plot, type Limit, type Period } from "./plot.ts";
import { table } from "./table.ts";
import { between, bounds, type View } from "./view.ts";

const LEAST_PAUSE_MS = 2000;
const JUMP_MS = 3_600_000;
const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -1e9, End: 1e9 };

export interface Around {
  /** Somebody wants to see another stretch of time. */
  look: (view: View) => void;
  rules: () => readonly Rule[];
  alerts: () => Iterable<Alert>;
  drawn?: () => void;
}

export class Trend {
  readonly figures = new Figures();
  readonly read = h("p", { class: "readout" }, "\u00a0");
  readonly basis = h("p", { class: "basis muted" });
  readonly frame: HTMLElement;
  series: Series | undefined;
  private readonly picture = h("div", { class: "plot", role: "img", tabindex: "0", "aria-label": t("loading"), keydown: (event) => this.key(event as KeyboardEvent) });
  private readonly message = h("div", { class: "plot-message" });
  private readonly rows = h("div", { class: "table-scroll chart-table", tabindex: "0", role: "group", "aria-label": t("chart.table"), hidden: true });
  private plot: Plot | undefined;
  private device: number | undefined;
  private metric: Metric | undefined;
  private columns: Columns | undefined;
  private loadedAt = 0;
  private asked = 0;
  private slidAt = 0;
  private cursor: number | null = null;

  constructor(private view: View, private readonly around: Around) {
    this.frame = h("div", { class: "plot-frame" }, this.picture, this.rows, this.message);
    for (const [event, live] of [["focus", "polite"], ["blur", "off"]] as const) {
      this.picture.addEventListener(event, () => this.read.setAttribute("aria-live", live));
    }
  }

  /** To be called once the frame stands in the page; sync: trends of one name share the cursor. */
  begin(signal: AbortSignal, sync?: string): void {
    const zoom = (from: number, to: number): void => this.around.look(between(from, to));
    this.plot = new Plot(this.picture, () => this.frame.clientHeight, { zoom, point: (place) => this.pointed(place) }, sync);
    plant.on("device", (event) => this.heard(event.detail), signal);
    plant.on("second", () => this.slide(), signal);
    let width = 0;
    const observer = new ResizeObserver(() => {
      if (this.picture.hidden) return;
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

  show(device: number | undefined, metric: Metric | undefined, view: View): void {
    this.device = device;
    this.metric = metric;
    this.view = view;
    void this.load();
  }

  fail(trouble: unknown, retry = () => void this.load()): void {
    this.message.replaceChildren(failure(trouble, retry));
  }

  /** The picture, or the same as a table in its place. */
  turn(toTable: boolean): void {
    this.picture.hidden = toTable;
    this.rows.hidden = !toTable;
    if (toTable) this.tabulate();
    else this.plot?.resize();
  }

  /** How much of the time shown has data, 0 to 1, and the longest time without. */
  quality(): { share: number; longest: number } | undefined {
    const { series, gap } = this;
    if (!series || gap === undefined) return undefined;
    const [from, to] = this.known();
    const missing = gaps(series, gap, from, to).map(([begin, end]) => end - begin);
    const sum = missing.reduce((all, each) => all + each, 0);
    return { share: 1 - sum / Math.max(1, to - from), longest: Math.max(0, ...missing) };
  }

  draw(): void {
    const { series, metric, gap } = this;
    const status = plant.devices.get(this.device ?? 0);
    if (!series || !metric || !status || gap === undefined) return;
    const told = stats(series);
    const words = this.words(series);
    this.columns = columns(series, gap);
    this.plot?.show({
      columns: this.columns,
      bounds: bounds(this.view, plant.now()),
      gaps: gaps(series, gap, ...this.known()),
      limits: this.limits(words),
      periods: this.periods(),
      last: told && { time: this.columns.times.at(-1)!, value: told.last, words: words(told.last) },
      stepped: this.isSwitch ? [t("devices.stopped"), t("devices.running")] : undefined,
    });
    this.tell(series, metric, status, told, words);
    if (!told) this.sayNothing(status);
    if (this.picture.hidden) this.tabulate();
    this.around.drawn?.();
  }

  private tell(series: Series, metric: Metric, { device }: DeviceStatus, told: Stats | undefined, words: (value: number) => string): void {
    const figures: Record<string, string> = told ? { last: words(told.last), min: words(told.min), mean: this.isSwitch ? share(told.mean) : words(told.mean), max: words(told.max) } : {};
    this.figures.show(figures);
    setText(this.basis, series.source === "raw" ? t("chart.raw") : t("chart.buckets", { step: step(series.bucket_ms!) }));
    const [from, to] = bounds(this.view, plant.now());
    const about = { metric: metric.label, device: device.name, zone: zone.name, from: `${day(from)} ${minutes(from)}`, to: `${day(to)} ${minutes(to)}` };
    const sentence = told ? `${t("chart.sentence", { ...about, ...figures })} ${t("chart.keys")}` : t("chart.sentence_none", about);
    this.picture.setAttribute("aria-label", sentence);
  }

  private get isSwitch(): boolean {
    return this.metric?.name === "running";
  }

  private words({ digits, unit_label }: Series): (value: number) => string {
    return this.isSwitch ? (value) => t(value >= 0.5 ? "devices.running" : "devices.stopped") : (value) => quantity(value, digits, unit_label);
  }

  private async load(): Promise<void> {
    const { device, metric } = this;
    if (!device || !metric || !this.plot) return;
    const [from, to] = bounds(this.view, plant.now()).map(Math.round) as [number, number];
    const asked = ++this.asked;
    this.loadedAt = Date.now();
    const query = new URLSearchParams({ device_id: String(device), metric: metric.name, from: String(from), to: String(to), points: String(this.plot.width) });
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

  /** The chart as often as its pixels change, and no faster than is kind to the appliance. */
  private get pauseMs(): number {
    const [from, to] = bounds(this.view, 0);
    return Math.max(LEAST_PAUSE_MS, (to - from) / (this.plot?.width ?? 600));
  }

  private get gap(): number | undefined {
    const status = plant.devices.get(this.device ?? 0);
    return this.series && status && gapMs(this.series, status.device.expected_interval_ms);
  }

  /** Of the time shown, what has been. */
  private known(): [number, number] {
    const [from, to] = bounds(this.view, plant.now());
    return [from, Math.min(to, plant.now())];
  }

  private heard(status: DeviceStatus): void {
    if (!this.view.live || status.device.id !== this.device || !this.series) return;
    if (Date.now() - this.loadedAt >= this.pauseMs) {
      void this.load();
      return;
    }
    const newest = status.latest.find(({ metric }) => metric === this.metric?.name);
    if (!newest) return;
    this.series = extended(this.series, Date.parse(newest.time), newest.value);
    this.draw();
  }

  private slide(): void {
    if (!this.view.live || Date.now() - this.slidAt < this.pauseMs / 2 || !this.series) return;
    this.slidAt = Date.now();
    this.draw();
  }

  private tabulate(): void {
    if (this.series) this.rows.replaceChildren(table(this.series, this.metric?.label ?? ""));
  }

  private limits(words: (value: number) => string): Limit[] {
    return this.around.rules()
      .filter((rule) => rule.enabled && rule.device_id === this.device && rule.metric === this.metric?.name && rule.limit !== null)
      .map(({ limit, priority }) => ({ value: limit!, priority, words: t("chart.limit", { value: words(limit!) }) }));
  }

  private periods(): Period[] {
    return [...this.around.alerts()]
      .filter((alert) => alert.device_id === this.device && (alert.metric === null || alert.metric === this.metric?.name))
      .map((alert) => ({ from: Date.parse(alert.raised_at), to: alert.cleared_at ? Date.parse(alert.cleared_at) : plant.now(), priority: alert.priority }));
  }

  private sayNothing(status: DeviceStatus): void {
    const [from, to] = bounds(this.view, plant.now());
    const last = status.latest.find(({ metric }) => metric === this.metric?.name);
    const at = last && Date.parse(last.time);
    this.message.replaceChildren(h("div", { class: "no-data" },
      h("p", {}, t("chart.no_data", { from: moment(from, plant.now()), to: moment(to, plant.now()) }),
        at ? ` ${t("chart.last_value", { time: moment(at, plant.now()) })}` : ""),
      at ? h("button", { type: "button", class: "button small", click: () => this.around.look(between(at - JUMP_MS, at + JUMP_MS / 12)) }, t("chart.jump")) : null));
  }

  private pointed(place: number | null): void {
    this.cursor = place;
    const { series, columns: at } = this;
    const value = place === null ? null : at?.mean[place];
    if (!series || !at || value === null || value === undefined) {
      setText(this.read, "\u00a0");
      return;
    }
    const words = this.words(series);
    const time = `${day(at.times[place!]!)} ${clock(at.times[place!]!)}`;
    setText(this.read, series.source === "raw"
      ? t("chart.at", { time, value: words(value) })
      : t("chart.at_bucket", { time, value: words(value), min: words(at.min[place!]!), max: words(at.max[place!]!) }));
  }

  private key(event: KeyboardEvent): void {
    const by = STEPS[event.key];
    const count = this.columns?.times.length;
    if (by === undefined || !count || !this.plot) return;
    event.preventDefault();
    const from = this.cursor ?? (by < 0 ? count : -1);
    this.plot.point(Math.min(count - 1, Math.max(0, from + by)));
  }
}
