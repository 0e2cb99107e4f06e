// One device as a row of a table: state, name, place, newest values.

import { conditionWords, isOdd } from "./condition.ts";
import { h, setText } from "./dom.ts";
import { age } from "./format.ts";
import type { Device, DeviceStatus, Metric, State } from "./model.ts";
import { plant } from "./plant.ts";
import { t } from "./text.ts";
import { face, showTag, tag, ValueElement } from "./value.ts";

export class Row {
  readonly element = h("tr");
  shown: State = "never";
  odd = false;
  private readonly state = tag("never", null);
  private readonly ago = h("span", { class: "muted" });
  private readonly condition = h("span", { class: "condition", hidden: true });
  private readonly values: (readonly [Metric, HTMLElement, ValueElement | undefined])[];

  /** whole: with its machine, area and when it was heard of, and a way to its page. */
  constructor({ device }: DeviceStatus, shown: Metric[], private readonly catalogue: ReadonlyMap<string, Metric>, whole: boolean) {
    const pick = (): void => plant.pick({ device: device.id });
    const name = whole
      ? h("a", { class: "where", href: `/dashboard/devices/${device.id}` }, device.name)
      : h("button", { type: "button", class: "where", title: t("devices.show", { device: device.name }), click: pick }, device.name);
    this.values = shown.map((metric) => {
      const value = metric.name === "running" ? undefined : new ValueElement();
      return [metric, h("td", { class: "right", "data-label": metric.label }, value), value] as const;
    });
    const cell = (label: "machine" | "area" | "heard", ...inside: (Node | string)[]): HTMLElement =>
      h("td", { class: `name-cell ${label}`, "data-label": t(`devices.${label}`) }, ...inside);
    this.element.dataset.device = String(device.id);
    this.element.append(
      h("td", { class: "state-cell" }, this.state, ...(whole ? [] : [" ", this.ago])),
      h("th", { scope: "row" }, name, whole ? null : h("span", { class: "place muted" }, device.machine ?? device.area ?? ""), this.condition),
      ...(whole ? [cell("machine", machineLink(device)), cell("area", device.area || "—"), cell("heard", this.ago)] : []),
      ...this.values.map(([, value]) => value),
    );
  }

  show(status: DeviceStatus): void {
    this.shown = status.state;
    this.odd = isOdd(status);
    const words = conditionWords(status, this.catalogue);
    this.condition.hidden = !words;
    setText(this.condition, words);
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

  age({ state, received_at: at }: DeviceStatus): void {
    showTag(this.state, state, at);
    const told = at !== null && (face(state) === "live" || this.ago.parentElement?.dataset.label);
    setText(this.ago, told ? t("devices.ago", { age: age(plant.now() - Date.parse(at)) }) : "");
  }

  /** Running or stopped: told by words and weight, not by colour. */
  private showSwitch(cell: HTMLElement, value: number, state: State): void {
    const known = face(state) === "live" || face(state) === "stale";
    cell.dataset.state = face(state);
    cell.classList.toggle("running", known && value >= 0.5);
    setText(cell, known ? t(value >= 0.5 ? "devices.running" : "devices.stopped") : "—");
  }
}

/** The way to a device's machine; a dash, if it is on none. */
export function machineLink({ machine, machine_id: id }: Device): Node | string {
  return id === null || machine === null ? "—" : h("a", { class: "where", href: `/dashboard/machines/${id}` }, machine);
}
