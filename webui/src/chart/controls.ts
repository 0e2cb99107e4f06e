// What is chosen above a chart: device, metric, stretch of time. Every drag has its button here.

import { h, icon, setText } from "../dom.ts";
import { day, minutes, zone } from "../format.ts";
import type { DeviceStatus, Metric } from "../model.ts";
import { plant } from "../plant.ts";
import { t } from "../text.ts";
import { between, bounds, moved, RANGES, zoomed, type Range, type View } from "./view.ts";

/** The stretch of time: the last so long, from and to, earlier and later, nearer and farther. */
export class TimeControls {
  readonly element: HTMLElement;
  /** Says that the chart stands still, and leads back. */
  readonly paused: HTMLElement;
  private readonly ranges = new Map<Range, HTMLButtonElement>();
  private readonly from = field();
  private readonly to = field();
  private readonly wrong = h("p", { class: "wrong", role: "alert" });
  private readonly chooser: HTMLDetailsElement;
  private view: View;
  private range: Range;

  constructor(view: View, private readonly look: (view: View) => void) {
    this.view = view;
    this.range = view.live ? view.range : "1h";
    for (const range of Object.keys(RANGES) as Range[]) {
      this.ranges.set(range, h("button", { type: "button", "aria-pressed": "false", click: () => look({ live: true, range }) }, t(`chart.${range}`)));
    }
    const step = (label: string, sign: SVGElement, next: () => View): HTMLElement =>
      h("button", { type: "button", class: "ghost square", "aria-label": label, title: label, click: () => look(next()) }, sign);
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
        step(t("chart.out"), icon("zoom-out"), () => zoomed(this.view, plant.now(), 2))));
    this.show(view);
  }

  show(view: View): void {
    this.view = view;
    if (view.live) this.range = view.range;
    this.paused.hidden = view.live;
    this.chooser.classList.toggle("chosen", !view.live);
    for (const [range, button] of this.ranges) {
      button.setAttribute("aria-pressed", String(view.live && view.range === range));
    }
  }

  /** From and to, in the plant's time. */
  private makeChooser(): HTMLDetailsElement {
    const labelled = (words: string, input: HTMLElement): HTMLElement => h("label", { class: "field" }, h("span", {}, words), input);
    const form = h("form", { class: "popover stack", submit: (event) => { event.preventDefault(); this.choose(); } },
      labelled(t("chart.from"), this.from), labelled(t("chart.to"), this.to),
      h("p", { class: "muted" }, t("chart.in_zone", { zone: zone.name })), this.wrong,
      h("button", { class: "button primary" }, t("chart.look")));
    const details = h("details", { class: "menu span", toggle: () => details.open && this.fill() },
      h("summary", { class: "button small", title: t("chart.span") }, icon("calendar"), h("span", {}, t("chart.span"))), form);
    return details;
  }

  private fill(): void {
    const [from, to] = bounds(this.view, plant.now());
    for (const [input, ms] of [[this.from, from], [this.to, to]] as const) input.value = `${day(ms)} ${minutes(ms)}`;
    setText(this.wrong, "");
  }

  private choose(): void {
    const [from, to] = [this.from, this.to].map(({ value }) => zone.utc(Date.parse(`${value.trim().replace(/\s+/, "T")}Z`))) as [number, number];
    setText(this.wrong, from < to ? "" : t("chart.wrong_span"));
    if (!(from < to)) return;
    this.chooser.open = false;
    this.look(between(from, to));
  }
}

/** ISO, 24 hours: browsers' own fields show dates the way of their owner's country. */
function field(): HTMLInputElement {
  return h("input", { class: "input", required: true, placeholder: "2026-01-31 14:30", pattern: "\\s*\\d{4}-\\d{2}-\\d{2}\\s+\\d{2}:\\d{2}\\s*", title: t("chart.pattern"), autocomplete: "off" });
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

export class Figures {
  readonly element = h("dl", { class: "figures" });
  private readonly values = new Map<string, HTMLElement>();

  constructor() {
    for (const name of ["last", "min", "mean", "max"] as const) {
      const value = h("dd", {}, "—");
      this.values.set(name, value);
      this.element.append(h("div", {}, h("dt", {}, t(`chart.${name}`)), value));
    }
  }

  show(told: Record<string, string>): void {
    for (const [name, value] of this.values) setText(value, told[name] ?? "—");
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
