// What is chosen above a chart: device, metric, stretch of time. Every drag has its button here.

import { h, icon, setText } from "../dom.ts";
import { zone } from "../format.ts";
import type { DeviceStatus, Metric } from "../model.ts";
import { plant } from "../plant.ts";
import { t } from "../text.ts";
import { EXAMPLE, meant, PATTERN, typed } from "./moment.ts";
import { GROWING, OVER } from "./spans.ts";
import { between, bounds, moved, RANGES, same, zoomed, type Range, type View } from "./view.ts";

const MOST_BACK = 50;

/** The stretch of time: the last so long, from and to, earlier and later, nearer, farther and back. */
export class TimeControls {
  readonly element: HTMLElement;
  /** Says that the chart stands still, and leads back. */
  readonly paused: HTMLElement;
  private readonly ranges = new Map<Range, HTMLButtonElement>();
  private readonly from = field();
  private readonly to = field();
  private readonly wrong = h("p", { class: "wrong", role: "alert" });
  private readonly chosen = h("span", {}, t("chart.span"));
  private readonly chooser: HTMLDetailsElement;
  private readonly undo: HTMLButtonElement;
  private readonly past: View[] = [];
  private view: View;
  private range: Range;

  constructor(view: View, private readonly look: (view: View) => void) {
    this.view = view;
    this.range = view.live ? view.range : "1h";
    for (const range of Object.keys(RANGES) as Range[]) {
      this.ranges.set(range, h("button", { type: "button", "aria-pressed": "false", click: () => look({ live: true, range }) }, t(`chart.${range}`)));
    }
    const step = (label: string, sign: SVGElement, next: () => View): HTMLButtonElement =>
      h("button", { type: "button", class: "ghost square", "aria-label": label, title: label, click: () => look(next()) }, sign);
    this.undo = step(t("chart.undo"), icon("undo-2"), () => this.backwards());
    this.undo.disabled = true;
    this.paused = h("div", { class: "paused", hidden: true }, h("span", {}, icon("pause"), t("chart.paused")),
      h("button", { type: "button", class: "button small", click: () => look({ live: true, range: this.range }) }, t("chart.back")));
    this.chooser = this.makeChooser();
    this.element = h("div", { class: "times" },
      h("div", { class: "segments", role: "group", "aria-label": t("chart.range") }, ...this.ranges.values()),
      this.chooser,
      h("div", { class: "moves", role: "group", "aria-label": t("chart.move") },
        step(t("chart.earlier"), icon("chevron-left"), () => moved(this.view, plant.now(), -0.5)),
        step(t("chart.later"), icon("chevron-right"), () => moved(this.view, plant.now(), 0.5)),
        step(t("chart.in"), icon("zoom-in"), () => zoomed(this.view, plant.now(), 0.5)),
        step(t("chart.out"), icon("zoom-out"), () => zoomed(this.view, plant.now(), 2)),
        this.undo));
    this.show(view);
  }

  show(view: View): void {
    if (!same(view, this.view)) this.past.push(this.view);
    if (this.past.length > MOST_BACK) this.past.shift();
    this.undo.disabled = !this.past.length;
    this.view = view;
    if (view.live) this.range = view.range;
    this.paused.hidden = view.live;
    const further = view.live && !(view.range in RANGES);
    this.chooser.classList.toggle("chosen", !view.live || further);
    setText(this.chosen, further ? t(`chart.${view.range}`) : t("chart.span"));
    for (const [range, button] of this.ranges) {
      button.setAttribute("aria-pressed", String(view.live && view.range === range));
    }
  }

  /** What was shown before this. */
  private backwards(): View {
    const before = this.past.pop() ?? this.view;
    this.view = before;
    return before;
  }

  /** Shifts, days and weeks; or from and to, in the plant's time. */
  private makeChooser(): HTMLDetailsElement {
    const labelled = (words: string, input: HTMLElement): HTMLElement => h("label", { class: "field" }, h("span", {}, words), input);
    const form = h("form", { class: "stack", submit: (event) => { event.preventDefault(); this.choose(); } },
      labelled(t("chart.from"), this.from), labelled(t("chart.to"), this.to),
      h("p", { class: "muted" }, t("chart.in_zone", { zone: zone.name })), this.wrong,
      h("button", { class: "button primary" }, t("chart.look")));
    const named = (words: string, view: () => View): HTMLElement =>
      h("button", { type: "button", class: "button small", click: () => { details.open = false; this.look(view()); } }, words);
    const growing = (range: Range): HTMLElement => named(t(`chart.${range}`), () => ({ live: true, range }));
    const over = (name: keyof typeof OVER): HTMLElement => named(t(`chart.${name}`), () => between(...OVER[name](plant.now())));
    const spans = h("div", { class: "named", role: "group", "aria-label": t("chart.named") },
      ...(Object.keys(GROWING) as (keyof typeof GROWING)[]).flatMap((range, place) => [growing(range), over(Object.keys(OVER)[place] as keyof typeof OVER)]),
      growing("365d"));
    const details = h("details", { class: "menu span", toggle: () => details.open && this.fill() },
      h("summary", { class: "button small", title: t("chart.span") }, icon("calendar"), this.chosen),
      h("div", { class: "popover stack" }, spans, form));
    return details;
  }

  private fill(): void {
    const [from, to] = bounds(this.view, plant.now());
    for (const [input, ms] of [[this.from, from], [this.to, to]] as const) input.value = typed(ms);
    setText(this.wrong, "");
  }

  private choose(): void {
    const [from, to] = [this.from, this.to].map(({ value }) => meant(value)) as [number, number];
    setText(this.wrong, from < to ? "" : t("chart.wrong_span"));
    if (!(from < to)) return;
    this.chooser.open = false;
    this.look(between(from, to));
  }
}

function field(): HTMLInputElement {
  return h("input", { class: "input", required: true, placeholder: EXAMPLE, pattern: PATTERN, title: t("chart.pattern"), autocomplete: "off" });
}

/** Which device, and which of what it measures. */
export class Picks {
  readonly device = h("select", { class: "input", "aria-label": t("chart.device") });
  readonly metric = h("select", { class: "input", "aria-label": t("chart.metric") });
  readonly element = h("div", { class: "picks" }, this.device, this.metric);
  private offered = "";

  constructor(chosen: () => void) {
    for (const select of [this.device, this.metric]) select.addEventListener("change", chosen);
  }

  /** Offer the devices there are and what the chosen one measures; keeps the choice where it can. */
  offer(devices: DeviceStatus[], catalogue: Map<string, Metric>, device: number | undefined, metric: string | undefined): void {
    const chosen = devices.find((one) => one.device.id === device) ?? devices[0];
    const measured = [...catalogue.values()].filter(({ name }) => chosen?.latest.some((value) => value.metric === name));
    const offered = JSON.stringify([devices.map((one) => [one.device.id, one.device.name, one.device.machine]), chosen?.device.id, measured.map(({ name }) => name)]);
    if (offered !== this.offered) {
      this.offered = offered;
      this.device.replaceChildren(...byMachine(devices));
      this.metric.replaceChildren(...measured.map(({ name, label }) => h("option", { value: name }, label)));
    }
    if (chosen) this.device.value = String(chosen.device.id);
    const wanted = measured.some(({ name }) => name === metric) ? metric : measured[0]?.name;
    if (wanted) this.metric.value = wanted;
  }
}

function byMachine(devices: DeviceStatus[]): HTMLOptGroupElement[] {
  const groups = new Map<string, HTMLOptGroupElement>();
  for (const { device } of [...devices].sort((a, b) => a.device.name.localeCompare(b.device.name))) {
    const machine = device.machine ?? t("chart.no_machine");
    const group = groups.get(machine) ?? h("optgroup", { label: machine });
    groups.set(machine, group);
    group.append(h("option", { value: device.id }, device.name));
  }
  return [...groups.entries()].sort(([a], [b]) => a.localeCompare(b)).map(([, group]) => group);
}
