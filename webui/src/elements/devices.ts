// Devices with their true state and newest values, abnormal ones first: the whole list, or the dashboard's beginning of it.

import { metricsAtLast } from "../catalogue.ts";
import { conditionWords, isOdd } from "../condition.ts";
import { h, setText } from "../dom.ts";
import { Element } from "../element.ts";
import type { DeviceStatus, Metric, State } from "../model.ts";
import { plant } from "../plant.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";
import { face, words } from "../value.ts";
import { Row } from "../device-row.ts";

const ABNORMAL_FIRST: State[] = ["offline", "stale", "never", "live"];
const ON_DASHBOARD = 50;
const AT_ONCE = 200;
const COLLATOR = new Intl.Collator(undefined, { numeric: true });

export class DevicesElement extends Element {
  private readonly head = h("thead");
  private readonly body = h("tbody");
  private readonly search = h("input", { class: "input", type: "search", "aria-label": t("devices.search"), placeholder: t("devices.search"), input: () => this.searched() });
  private readonly ofState = this.choice("devices.any_state", ABNORMAL_FIRST.map((state) => [state, t(`devices.state_of.${state}`)]));
  private readonly ofArea = this.choice("devices.any_area", []);
  private readonly count = h("p", { class: "muted", role: "status" });
  private readonly none = h("p", { class: "nothing", hidden: true });
  private readonly more = h("button", { type: "button", class: "button small", hidden: true, click: () => { this.most += AT_ONCE; this.order(); } }, t("more"));
  private readonly all = h("a", { class: "button small", href: this.dataset.all }, "");
  private readonly rows = new Map<number, Row>();
  private shown: Metric[] = [];
  private catalogue = new Map<string, Metric>();
  private most = ON_DASHBOARD;

  /** Whether this is the page of all devices. */
  private get whole(): boolean {
    return this.dataset.all === undefined;
  }

  /** Whether all devices are shown, some at a time; the time machine has no other page of them. */
  private get long(): boolean {
    return this.whole || start.replay;
  }

  protected begin(signal: AbortSignal): void {
    const title = this.querySelector("h2")!;
    if (this.long) this.most = AT_ONCE;
    if (this.whole) {
      this.search.value = new URLSearchParams(location.search).get("q") ?? "";
    }
    const table = h("table", { "aria-labelledby": title.id }, this.head, this.body);
    this.replaceChildren(h("header", {}, title, ...(this.long ? [this.search, this.ofState, this.ofArea, this.count] : [this.all])),
      h("div", { class: "table-scroll", tabindex: 0, role: "group", "aria-labelledby": title.id }, table), this.none, this.more);
    plant.on("snapshot", () => this.build(), signal);
    plant.on("connection", () => this.each((row, status) => row.show(status)), signal);
    plant.on("second", () => this.each((row, status) => row.age(status)), signal);
    plant.on("device", (event) => this.changed(event.detail), signal);
    void metricsAtLast().then((found) => { this.catalogue = found; this.build(); });
  }

  private changed(status: DeviceStatus): void {
    if (status.latest.some((value) => !this.shown.some(({ name }) => name === value.metric))) return this.build();
    const row = this.rows.get(status.device.id);
    const moved = row?.shown !== status.state || row.odd !== isOdd(status);
    row?.show(status);
    if (moved) this.order();
  }

  /** The table anew: only when metrics come or go, or all may have changed. */
  private build(): void {
    const measured = new Set([...plant.devices.values()].flatMap(({ latest }) => latest.map(({ metric }) => metric)));
    this.shown = [...this.catalogue.values()].filter(({ name }) => measured.has(name));
    const places = this.whole ? (["machine", "area", "heard"] as const) : [];
    this.head.replaceChildren(
      h("tr", {}, h("th", { scope: "col" }, t("devices.state")), h("th", { scope: "col" }, t("devices.device")),
        ...places.map((name) => h("th", { scope: "col" }, t(`devices.${name}`))),
        ...this.shown.map((metric) => h("th", { scope: "col", class: "right" }, metric.label,
          metric.unit_label && h("span", { class: "unit" }, ` ${metric.unit_label}`)))),
    );
    this.rows.clear();
    this.body.replaceChildren();
    this.order();
  }

  /** The rows in their order; those beyond the end are not made. */
  private order(): void {
    const asked = this.search.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const own = [...plant.devices.values()].filter(({ device }) => start.machine === null || device.machine_id === start.machine);
    this.offerAreas(own);
    const found = own.filter((status) => this.chosen(status) && asked.every((word) => this.text(status).includes(word))).sort(byState);
    const wanted = found.slice(0, this.most);
    const there = new Set(wanted.map(({ device }) => device.id));
    for (const [id, row] of this.rows) {
      if (there.has(id)) continue;
      row.element.remove();
      this.rows.delete(id);
    }
    wanted.forEach((status, place) => {
      const { element } = this.row(status);
      if (this.body.children[place] !== element) this.body.insertBefore(element, this.body.children[place] ?? null);
    });
    const all = own.length;
    this.more.hidden = !this.long || found.length <= this.most;
    this.none.hidden = found.length > 0 || all === 0;
    setText(this.none, this.search.value ? t("devices.none_found", { text: this.search.value }) : t("devices.none_chosen"));
    setText(this.all, t("devices.all", { n: all }));
    setText(this.count, found.length < all ? t("devices.found", { n: found.length, all }) : all === 1 ? t("devices.one") : t("devices.count", { n: all }));
  }

  private choice(all: "devices.any_state" | "devices.any_area", options: readonly (readonly [string, string])[]): HTMLSelectElement {
    return h("select", { class: "input", "aria-label": t(all), change: () => this.order() },
      h("option", { value: "" }, t(all)), ...options.map(([value, words]) => h("option", { value }, words)));
  }

  private offerAreas(own: readonly DeviceStatus[]): void {
    const areas = [...new Set(own.map(({ device }) => device.area ?? "").filter(Boolean))].sort(COLLATOR.compare);
    this.ofArea.hidden = areas.length < 2;
    if (areas.length === this.ofArea.length - 1) return;
    const { value } = this.ofArea;
    this.ofArea.replaceChildren(this.ofArea.options[0]!, ...areas.map((area) => h("option", { value: area }, area)));
    this.ofArea.value = areas.includes(value) ? value : "";
  }

  private chosen({ device, state }: DeviceStatus): boolean {
    return (!this.ofState.value || face(state) === this.ofState.value) && (!this.ofArea.value || device.area === this.ofArea.value);
  }

  /** What is searched: the device, where it is, and its state as it is told. */
  private text(status: DeviceStatus): string {
    const { device, state, received_at } = status;
    return [device.name, device.machine, device.area, words(state, received_at), conditionWords(status, this.catalogue)].join(" ").toLocaleLowerCase();
  }

  private row(status: DeviceStatus): Row {
    let row = this.rows.get(status.device.id);
    if (!row) {
      row = new Row(status, this.shown, this.catalogue, this.whole);
      this.rows.set(status.device.id, row);
      row.show(status);
    }
    return row;
  }

  private searched(): void {
    const url = new URL(location.href);
    if (this.search.value) url.searchParams.set("q", this.search.value);
    else url.searchParams.delete("q");
    history.replaceState(null, "", url);
    this.order();
  }

  private each(visit: (row: Row, status: DeviceStatus) => void): void {
    for (const [id, row] of this.rows) {
      const status = plant.devices.get(id);
      if (status) visit(row, status);
    }
  }
}

function byState(a: DeviceStatus, b: DeviceStatus): number {
  return ABNORMAL_FIRST.indexOf(a.state) - ABNORMAL_FIRST.indexOf(b.state) || Number(isOdd(b)) - Number(isOdd(a)) || COLLATOR.compare(place(a), place(b));
}

function place({ device }: DeviceStatus): string {
  return `${device.area ?? "\uffff"} ${device.machine ?? "\uffff"} ${device.name}`;
}
