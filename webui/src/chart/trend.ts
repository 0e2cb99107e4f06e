// One metric of one device over a stretch of time: its picture, its table, its words and figures.

import { get } from "../api.ts";
import { h, setText } from "../dom.ts";
import { failure } from "../element.ts";
import { clock, day, minutes, moment, number, quantity, share, step, zone } from "../format.ts";
import type { Alert, DeviceStatus, Incident, Metric, Series } from "../model.ts";
import { plant } from "../plant.ts";
import type { Rule } from "../rules/model.ts";
import { t } from "../text.ts";
import { Beside } from "./beside.ts";
import { columns, extended, gapMs, gaps, nearest, stats, usualAt, type Columns, type Stats } from "./data.ts";
import { Figures } from "./figures.ts";
import { limits } from "./limits.ts";
import type { Mark, Period, Picture } from "./picture.ts";
import { Plot } from "./plot.ts";
import { table } from "./table.ts";
import { between, bounds, zoomed, type View } from "./view.ts";

const LEAST_PAUSE_MS = 2000;
const JUMP_MS = 3_600_000;
const STEPS: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -20, PageDown: 20, Home: -1e9, End: 1e9 };
const ZOOMS: Record<string, number> = { "+": 0.5, "=": 0.5, "-": 2 };

export interface Around {
  /** Somebody wants to see another stretch of time. */
  look: (view: View) => void;
  rules: () => readonly Rule[];
  alerts: () => Iterable<Alert>;
  incidents: () => readonly Incident[];
  drawn?: () => void;
}

export class Trend {
  readonly figures = new Figures();
  readonly read = h("p", { class: "readout" }, "\u00a0");
  readonly basis = h("p", { class: "basis muted" });
  readonly frame: HTMLElement;
  series: Series | undefined;
  /** What is drawn now. */
  shown: Picture | undefined;
  private readonly beside = new Beside();
  private compare = false;
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

  /** compare: with the same stretch a week earlier. */
  show(device: number | undefined, metric: Metric | undefined, view: View, compare = false): void {
    this.device = device;
    this.metric = metric;
    this.view = view;
    this.compare = compare;
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
    this.shown = {
      columns: this.columns,
      bounds: bounds(this.view, plant.now()),
      gaps: gaps(series, gap, ...this.known()),
      limits: limits(this.around.rules(), this.device, metric, words),
      periods: this.periods(),
      marks: this.marks(),
      band: this.beside.band,
      before: this.compare ? this.beside.before : undefined,
      last: told && { time: this.columns.times.at(-1)!, value: told.last, words: words(told.last) },
      stepped: this.isSwitch ? [t("devices.stopped"), t("devices.running")] : undefined,
    };
    this.plot?.show(this.shown);
    this.tell(series, metric, status, told, this.shown);
    if (!told) this.sayNothing(status);
    if (this.picture.hidden) this.tabulate();
    this.around.drawn?.();
  }

  private tell(series: Series, metric: Metric, { device }: DeviceStatus, told: Stats | undefined, shown: Picture): void {
    const words = this.words(series);
    const figures: Record<string, string> = told ? { last: words(told.last), min: words(told.min), mean: this.isSwitch ? share(told.mean) : words(told.mean), max: words(told.max) } : {};
    this.figures.show(figures);
    const basis = series.source === "raw" ? t("chart.raw") : t("chart.buckets", { step: step(series.bucket_ms!) });
    setText(this.basis, this.beside.failed ? `${basis} · ${t("chart.beside_failed")}` : basis);
    const [from, to] = bounds(this.view, plant.now());
    const about = { metric: metric.label, device: device.name, zone: zone.name, from: `${day(from)} ${minutes(from)}`, to: `${day(to)} ${minutes(to)}` };
    const sentences = told ? [t("chart.sentence", { ...about, ...figures }), ...around(shown), t("chart.keys")] : [t("chart.sentence_none", about), ...around(shown)];
    this.picture.setAttribute("aria-label", sentences.join(" "));
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
    void this.loadBeside(device, metric, from, to);
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

  /** The line does not wait for what stands beside it. */
  private async loadBeside(device: number, { name }: Metric, from: number, to: number): Promise<void> {
    const intervalMs = plant.devices.get(device)?.device.expected_interval_ms ?? 0;
    const asked = { device, metric: name, from, to, points: this.plot!.width, intervalMs, usual: !this.isSwitch, compare: this.compare };
    if (await this.beside.load(asked)) this.draw();
  }

  /** The chart as often as its pixels change, and no faster than is kind to the appliance. */
  private get pauseMs(): number {
    const [from, to] = bounds(this.view, plant.now());
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
    if (this.series && this.shown) this.rows.replaceChildren(...table(this.series, this.metric?.label ?? "", this.shown, this.beside.gap));
  }

  private periods(): Period[] {
    const [from, to] = bounds(this.view, plant.now());
    return [...this.around.alerts()]
      .filter((alert) => alert.device_id === this.device && (alert.metric === null || alert.metric === this.metric?.name))
      .map(({ raised_at: raised, cleared_at: cleared, priority, message }) => {
        const [begin, end] = [Date.parse(raised), cleared ? Date.parse(cleared) : plant.now()];
        const when = { from: moment(begin, plant.now()), to: cleared ? moment(end, plant.now()) : t("chart.still") };
        return { from: begin, to: end, priority, words: t("chart.alarm_row", { message, priority, ...when }) };
      })
      .filter((period) => period.to > from && period.from < to);
  }

  private marks(): Mark[] {
    const [from, to] = bounds(this.view, plant.now());
    return this.around.incidents()
      .filter(({ device_id }) => device_id === this.device)
      .map((incident) => ({ from: Date.parse(incident.from), to: Date.parse(incident.to), words: incident.title }))
      .filter((mark) => mark.to > from && mark.from < to);
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
    const bare = (each: number): string => (this.isSwitch ? words(each) : number(each, series.digits));
    const moment = at.times[place!]!;
    const time = `${day(moment)} ${clock(moment)}`;
    const { band, before } = this.shown ?? {};
    const usual = band && usualAt(band, moment);
    const then = before && nearest(before, moment, this.beside.gap);
    setText(this.read, [
      series.source === "raw"
        ? t("chart.at", { time, value: words(value) })
        : t("chart.at_bucket", { time, value: words(value), min: bare(at.min[place!]!), max: bare(at.max[place!]!) }),
      usual && t("chart.at_usual", { low: bare(usual[0]), high: bare(usual[1]) }),
      then !== undefined && t("chart.at_before", { value: bare(before!.mean[then]!) }),
    ].filter(Boolean).join(" · "));
  }

  /** Arrows and Home/End read, + and - zoom about what is read. */
  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const zoom = ZOOMS[event.key];
    const by = STEPS[event.key];
    if (zoom === undefined && by === undefined) return;
    event.preventDefault();
    if (zoom !== undefined) this.around.look(zoomed(this.view, plant.now(), zoom, this.cursor === null ? undefined : this.columns?.times[this.cursor]));
    else this.step(by!);
  }

  /** On to the next reading; over a gap to what is on its other side. */
  private step(by: number): void {
    const { mean } = this.columns ?? {};
    if (!mean?.length || !this.plot) return;
    const from = this.cursor ?? (by < 0 ? mean.length : -1);
    let place = Math.min(mean.length - 1, Math.max(0, from + by));
    while (mean[place] === null) place += Math.sign(by);
    this.plot.point(place);
  }
}

/** What stands around the line, in words. */
function around({ limits: lines, periods, marks, band, before }: Picture): string[] {
  return [
    lines.length && t("chart.said_limits", { limits: lines.map(({ words }) => words).join(", ") }),
    periods.length && t("chart.said_alarms", { n: periods.length }),
    marks.length && t("chart.said_incidents", { titles: marks.map(({ words }) => words).join(", ") }),
    band && t("chart.said_usual"),
    before && t("chart.said_before"),
  ].filter((each): each is string => Boolean(each));
}
