// What is known of one device: its state, when it was heard of, what it should do, its keys.

import { get } from "../api.ts";
import { metricsAtLast } from "../catalogue.ts";
import { conditionWords } from "../condition.ts";
import { machineLink } from "../device-row.ts";
import { h, setText } from "../dom.ts";
import { Element, failure } from "../element.ts";
import { age, clock, day, moment, number, step } from "../format.ts";
import type { DeviceDetail, DeviceKey, Metric } from "../model.ts";
import { plant } from "../plant.ts";
import { start } from "../start.ts";
import { t, type Key } from "../text.ts";
import { face, showTag, tag } from "../value.ts";

const FACTS = ["machine", "area", "heard", "interval", "quarantined", "keys"] as const;

export class DeviceHeadElement extends Element {
  private readonly state = tag("never", null);
  private readonly facts = new Map(FACTS.map((name) => [name, h("dd", {}, "\u00a0")]));
  private readonly condition = h("p", { class: "condition", hidden: true });
  private readonly message = h("div");
  private catalogue = new Map<string, Metric>();

  protected begin(signal: AbortSignal): void {
    const rows = [...this.facts].map(([name, value]) => h("div", { hidden: name === "keys" && !start.maySeeKeys }, h("dt", {}, t(`device.${name}` as Key)), value));
    this.replaceChildren(h("header", {}, this.querySelector("h1")!, this.state,
      h("a", { class: "head-deed", href: `/dashboard/completeness?factory=${start.factory}&device=${start.device}` }, t("device.completeness"))), this.condition, h("dl", { class: "facts" }, ...rows), this.message);
    for (const change of ["snapshot", "changed", "connection", "second"] as const) plant.on(change, () => this.show(), signal);
    void metricsAtLast().then((found) => { this.catalogue = found; this.show(); });
    void this.load();
  }

  private async load(): Promise<void> {
    try {
      const { quarantined } = await get<DeviceDetail>(`/devices/${start.device}`);
      this.fact("quarantined", quarantined ? t("device.rows", { n: number(quarantined, 0) }) : t("device.no_rows"));
      if (start.maySeeKeys) this.showKeys((await get<{ keys: DeviceKey[] }>(`/devices/${start.device}/keys`)).keys);
      this.message.replaceChildren();
    } catch (trouble) {
      this.message.replaceChildren(failure(trouble, () => void this.load()));
    }
  }

  private show(): void {
    const status = plant.devices.get(start.device!);
    if (!status) return;
    const { device, state, received_at } = status;
    this.state.hidden = face(state) === "never";
    showTag(this.state, state, received_at);
    const words = conditionWords(status, this.catalogue);
    this.condition.hidden = !words;
    setText(this.condition, words);
    const machine = this.facts.get("machine")!;
    if (machine.textContent !== (device.machine ?? "—")) machine.replaceChildren(machineLink(device));
    this.fact("area", device.area || "—");
    this.fact("interval", step(device.expected_interval_ms));
    this.fact("heard", received_at ? heard(Date.parse(received_at)) : t("state.never"));
  }

  private showKeys(keys: DeviceKey[]): void {
    const told = keys.map(({ id, revoked_at, last_used_at }) => h("span", { class: "key" }, h("span", { class: "mono" }, id), " ",
      h("span", { class: "muted" }, revoked_at ? t("device.key_revoked", { time: when(revoked_at) })
        : last_used_at ? t("device.key_used", { time: when(last_used_at) }) : t("device.key_unused"))));
    this.facts.get("keys")!.replaceChildren(...(told.length ? told : [t("device.no_keys")]));
  }

  private fact(name: (typeof FACTS)[number], words: string): void {
    setText(this.facts.get(name)!, words);
  }
}

function heard(at: number): string {
  const time = day(at) === day(plant.now()) ? clock(at) : moment(at, plant.now());
  return `${time} · ${t("live.ago", { age: age(plant.now() - at) })}`;
}

function when(time: string): string {
  return moment(Date.parse(time), plant.now());
}
