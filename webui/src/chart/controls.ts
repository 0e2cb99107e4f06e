// What is chosen above the chart: device, metric, stretch of time. Every drag has its button here.

import { h, icon, setText } from "../dom.ts";
import type { DeviceStatus, Metric } from "../model.ts";
import { t } from "../text.ts";
import { RANGES, type Range, type View } from "./view.ts";

export interface Chosen {
  device: () => void;
  range: (range: Range) => void;
  move: (share: number) => void;
  zoom: (factor: number) => void;
  live: () => void;
}

export class Controls {
  readonly device = h("select", { class: "input", "aria-label": t("chart.device") });
  readonly metric = h("select", { class: "input", "aria-label": t("chart.metric") });
  readonly element: HTMLElement;
  /** Says that the chart stands still, and leads back. */
  readonly paused: HTMLElement;
  private readonly ranges = new Map<Range, HTMLButtonElement>();
  private offered = "";

  constructor(chosen: Chosen) {
    this.device.addEventListener("change", () => chosen.device());
    this.metric.addEventListener("change", () => chosen.device());
    for (const range of Object.keys(RANGES) as Range[]) {
      this.ranges.set(range, h("button", { type: "button", "aria-pressed": "false", click: () => chosen.range(range) }, t(`chart.${range}`)));
    }
    const step = (label: string, sign: SVGElement, click: () => void): HTMLElement =>
      h("button", { type: "button", class: "ghost square", "aria-label": label, title: label, click }, sign);
    this.paused = h("div", { class: "paused", hidden: true }, h("span", {}, icon("pause"), t("chart.paused")),
      h("button", { type: "button", class: "button small", click: () => chosen.live() }, t("chart.back")));
    this.element = h("div", { class: "controls" },
      h("div", { class: "picks" }, this.device, this.metric),
      h("div", { class: "segments", role: "group", "aria-label": t("chart.range") }, ...this.ranges.values()),
      h("div", { class: "moves", role: "group", "aria-label": t("chart.move") },
        step(t("chart.earlier"), icon("chevron-left"), () => chosen.move(-0.5)),
        step(t("chart.later"), icon("chevron-right"), () => chosen.move(0.5)),
        step(t("chart.in"), icon("zoom-in"), () => chosen.zoom(0.5)),
        step(t("chart.out"), icon("zoom-out"), () => chosen.zoom(2))));
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

  show(view: View): void {
    this.paused.hidden = view.live;
    for (const [range, button] of this.ranges) {
      button.setAttribute("aria-pressed", String(view.live && view.range === range));
    }
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
