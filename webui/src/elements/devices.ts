// Every device with its true state and newest values; abnormal ones first.

import { metrics } from "../catalogue.ts";
import { h, setText } from "../dom.ts";
import { Element } from "../element.ts";
import { age } from "../format.ts";
import type { DeviceStatus, Metric, State } from "../model.ts";
import { plant } from "../plant.ts";
import { t } from "../text.ts";
import { face, showTag, tag, ValueElement } from "../value.ts";

const ABNORMAL_FIRST: State[] = ["offline", "stale", "never", "live"];

export class DevicesElement extends Element {
  private readonly head = h("thead");
  private readonly body = h("tbody");
  private readonly rows = new Map<number, Row>();
  private shown: Metric[] = [];
  private catalogue = new Map<string, Metric>();

  protected begin(signal: AbortSignal): void {
    const title = this.querySelector("h2")!;
    const table = h("table", { "aria-labelledby": title.id }, this.head, this.body);
    this.replaceChildren(h("header", {}, title), h("div", { class: "table-scroll", tabindex: 0, role: "group", "aria-labelledby": title.id }, table));
    plant.on("snapshot", () => this.build(), signal);
    plant.on("connection", () => this.each((row, status) => row.show(status)), signal);
    plant.on("second", () => this.each((row, status) => row.age(status)), signal);
    plant.on("device", (event) => this.changed(event.detail), signal);
    void metrics().then((found) => { this.catalogue = found; this.build(); });
  }

  private changed(status: DeviceStatus): void {
    const row = this.rows.get(status.device.id);
    const isNew = !row || status.latest.some((value) => !this.shown.some(({ name }) => name === value.metric));
    if (isNew) this.build();
    else {
      const moved = row.shown !== status.state;
      row.show(status);
      if (moved) this.order();
    }
  }

  /** The table anew: only when devices or metrics come or go. */
  private build(): void {
    const measured = new Set([...plant.devices.values()].flatMap(({ latest }) => latest.map(({ metric }) => metric)));
    this.shown = [...this.catalogue.values()].filter(({ name }) => measured.has(name));
    this.head.replaceChildren(
      h("tr", {}, h("th", { scope: "col" }, t("devices.state")), h("th", { scope: "col" }, t("devices.device")),
        ...this.shown.map((metric) => h("th", { scope: "col", class: "right" }, metric.label,
          metric.unit_label && h("span", { class: "unit" }, ` ${metric.unit_label}`)))),
    );
    this.rows.clear();
    this.body.replaceChildren();
    for (const status of plant.devices.values()) {
      const row = new Row(status, this.shown);
      this.rows.set(status.device.id, row);
      row.show(status);
    }
    this.order();
  }

  private order(): void {
    const wanted = [...plant.devices.values()].sort(byState).map(({ device }) => this.rows.get(device.id)!.element);
    wanted.forEach((element, place) => {
      if (this.body.children[place] !== element) this.body.insertBefore(element, this.body.children[place] ?? null);
    });
  }

  private each(visit: (row: Row, status: DeviceStatus) => void): void {
    for (const [id, row] of this.rows) {
      const status = plant.devices.get(id);
      if (status) visit(row, status);
    }
  }
}

function byState(a: DeviceStatus, b: DeviceStatus): number {
  return ABNORMAL_FIRST.indexOf(a.state) - ABNORMAL_FIRST.indexOf(b.state) || place(a).localeCompare(place(b));
}

function place({ device }: DeviceStatus): string {
  return `${device.area ?? "\uffff"} ${device.machine ?? "\uffff"} ${device.name}`;
}

class Row {
  readonly element = h("tr");
  shown: State = "never";
  private readonly state = tag("never", null);
  private readonly ago = h("span", { class: "muted" });
  private readonly values: (readonly [Metric, HTMLElement, ValueElement | undefined])[];

  constructor({ device }: DeviceStatus, shown: Metric[]) {
    const pick = (): void => plant.pick({ device: device.id });
    const name = h("button", { type: "button", class: "where", title: t("devices.show", { device: device.name }), click: pick }, device.name);
    const place = device.machine ?? device.area ?? "";
    this.values = shown.map((metric) => {
      const switches = metric.name === "running";
      const value = switches ? undefined : new ValueElement();
      return [metric, h("td", { class: "right", "data-label": metric.label }, value), value] as const;
    });
    this.element.dataset.device = String(device.id);
    this.element.append(
      h("td", { class: "state-cell" }, this.state, " ", this.ago),
      h("th", { scope: "row" }, name, h("span", { class: "place muted" }, place)),
      ...this.values.map(([, cell]) => cell),
    );
  }

  show(status: DeviceStatus): void {
    this.shown = status.state;
    for (const [metric, cell, value] of this.values) {
      const newest = status.latest.find((one) => one.metric === metric.name);
      cell.classList.toggle("absent", !newest);
      if (!newest) setText(cell, "");
      else if (value) {
        if (!value.isConnected && !cell.contains(value)) cell.replaceChildren(value);
        value.show({ value: newest.value, digits: metric.digits, unit: "", state: status.state, time: newest.time });
      } else this.showSwitch(cell, newest.value, status.state);
    }
    this.age(status);
  }

  age(status: DeviceStatus): void {
    showTag(this.state, status.state, status.received_at);
    const at = status.received_at;
    const live = at !== null && face(status.state) === "live";
    setText(this.ago, live ? t("devices.ago", { age: age(plant.now() - Date.parse(at)) }) : "");
  }

  /** Running or stopped: told by words and weight, not by colour. */
  private showSwitch(cell: HTMLElement, value: number, state: State): void {
    const known = face(state) === "live" || face(state) === "stale";
    cell.dataset.state = face(state);
    cell.classList.toggle("running", known && value >= 0.5);
    setText(cell, known ? t(value >= 0.5 ? "devices.running" : "devices.stopped") : "—");
  }
}
