// Is the data complete? The plant's devices over some days, and of one of them every range with its cause.

import { fetched } from "../api.ts";
import { certificateHead, downloads } from "../completeness/downloads.ts";
import { ranges } from "../completeness/certificate.ts";
import { FactoryTable, verdict } from "../completeness/factory.ts";
import type { Certificate, FactoryCounts } from "../completeness/model.ts";
import { PeriodPicker } from "../completeness/period.ts";
import { h } from "../dom.ts";
import { Element, failure } from "../element.ts";
import { plant } from "../plant.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";

const AT_ONCE = 50;

export class CompletenessElement extends Element {
  private readonly picker = new PeriodPicker(() => plant.now(), () => this.show());
  private readonly files = h("div", { class: "files-place" });
  private readonly body = h("div", { class: "completeness-body" });
  private readonly one = h("section", { class: "panel certificate", id: "certificate", "aria-live": "polite", hidden: true });
  private chosen: number | null = Number(new URLSearchParams(location.search).get("device")) || null;
  private asked = 0;

  protected begin(): void {
    this.replaceChildren(
      h("section", { class: "panel report", "aria-labelledby": "completeness-title" },
        h("header", {}, h("h2", { id: "completeness-title" }, t("completeness.question")), this.picker.element, this.files), this.body),
      this.one);
    this.show();
  }

  private show(): void {
    void this.load(++this.asked);
    if (this.chosen) void this.certify(this.chosen, this.asked);
  }

  private async load(asked: number): Promise<void> {
    if (start.factory === null) return this.body.replaceChildren(h("p", { class: "nothing" }, t("completeness.no_devices")));
    const address = `/data/completeness?${new URLSearchParams({ factory_id: String(start.factory), ...this.picker.query })}`;
    this.remember();
    this.files.replaceChildren();
    this.body.replaceChildren(h("p", { class: "nothing" }, t("loading")));
    try {
      const { body } = await fetched<FactoryCounts>(`${address}&limit=${AT_ONCE}`);
      if (asked !== this.asked) return;
      this.files.replaceChildren(downloads(address));
      this.draw(body, address);
    } catch (trouble) {
      if (asked === this.asked) this.body.replaceChildren(failure(trouble, () => this.show()));
    }
  }

  private draw({ devices, total, late_seconds: seconds }: FactoryCounts, address: string): void {
    if (!total.devices) return this.body.replaceChildren(h("p", { class: "nothing" }, t("completeness.no_devices")));
    const table = new FactoryTable((device) => this.choose(device.device_id));
    const further = h("div", { class: "more-rows" });
    table.add(devices, this.chosen);
    this.offer(table, further, address, devices.length, total.devices);
    this.body.replaceChildren(verdict(total), table.element, further, h("p", { class: "muted key-line" }, t("completeness.about", { seconds })));
  }

  /** The way to the next devices; the appliance counts them when they are asked for. */
  private offer(table: FactoryTable, place: HTMLElement, address: string, shown: number, all: number): void {
    if (shown >= all) return place.replaceChildren();
    const more = h("button", { type: "button", class: "button small", click: () => void this.add(table, place, address, shown) }, t("more"));
    place.replaceChildren(h("span", { class: "muted", role: "status" }, t("completeness.shown", { n: shown, all })), more);
  }

  private async add(table: FactoryTable, place: HTMLElement, address: string, shown: number): Promise<void> {
    const { asked } = this;
    place.replaceChildren(h("span", { class: "muted", role: "status" }, t("loading")));
    try {
      const { body } = await fetched<FactoryCounts>(`${address}&limit=${AT_ONCE}&offset=${shown}`);
      if (asked !== this.asked) return;
      table.add(body.devices, this.chosen);
      this.offer(table, place, address, shown + AT_ONCE, body.total.devices);
      place.querySelector("button")?.focus();
    } catch (trouble) {
      if (asked === this.asked) place.replaceChildren(failure(trouble, () => void this.add(table, place, address, shown)));
    }
  }

  /** Open a device's ranges, or close them again. */
  private choose(device: number): void {
    this.chosen = this.chosen === device ? null : device;
    for (const button of this.body.querySelectorAll("tr[data-device] button")) {
      const own = Number(button.closest("tr")!.dataset.device) === this.chosen;
      button.setAttribute("aria-expanded", String(own));
    }
    this.one.hidden = this.chosen === null;
    this.remember();
    if (this.chosen) void this.certify(this.chosen, this.asked);
  }

  private async certify(device: number, asked: number): Promise<void> {
    const address = `/data/completeness?${new URLSearchParams({ device_id: String(device), ...this.picker.query })}`;
    const mine = (): boolean => asked === this.asked && device === this.chosen;
    this.one.hidden = false;
    this.one.replaceChildren(h("p", { class: "nothing" }, t("loading")));
    try {
      const { body } = await fetched<Certificate>(address);
      if (!mine()) return;
      this.one.replaceChildren(certificateHead(body, address), ranges(body));
      this.one.scrollIntoView({ block: "nearest" });
    } catch (trouble) {
      if (mine()) this.one.replaceChildren(failure(trouble, () => void this.certify(device, asked)));
    }
  }

  private remember(): void {
    const url = new URL(location.href);
    const { first, last } = this.picker.days;
    url.searchParams.set("from", first);
    url.searchParams.set("to", last);
    if (this.chosen) url.searchParams.set("device", String(this.chosen));
    else url.searchParams.delete("device");
    history.replaceState(null, "", url);
  }
}
