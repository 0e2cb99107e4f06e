// The four key figures: temperature, gas, vibration, uptime, each with the machine that is worst off.

import { h, icon, setText } from "../dom.ts";
import { Element, failure } from "../element.ts";
import { NARROW, number, quantity, signed } from "../format.ts";
import type { DeviceStatus, Kpi } from "../model.ts";
import { figures } from "../overview.ts";
import { plant } from "../plant.ts";
import { bars, line } from "../spark.ts";
import { t } from "../text.ts";
import { showTag, tag, ValueElement } from "../value.ts";

const CARDS = ["cards.0", "cards.1", "cards.2", "cards.3"] as const;
const RUNNING = "running";

export class CardsElement extends Element {
  private cards: Card[] = [];

  protected begin(signal: AbortSignal): void {
    this.cards = CARDS.map((name) => new Card(t(name)));
    this.replaceChildren(...this.cards.map((card) => card.element));
    figures.addEventListener("change", () => this.show(), { signal });
    plant.on("device", (event) => this.cards.forEach((card) => card.hear(event.detail)), signal);
    for (const change of ["second", "connection", "snapshot"] as const) {
      plant.on(change, () => this.cards.forEach((card) => card.age()), signal);
    }
    this.show();
  }

  private show(): void {
    if (figures.overview) {
      if (!this.contains(this.cards[0]!.element)) this.replaceChildren(...this.cards.map((card) => card.element));
      this.cards.forEach((card, place) => card.show(figures.overview!.kpis[place]));
    } else if (figures.trouble) {
      this.replaceChildren(h("div", { class: "panel card-failure" }, failure(figures.trouble, () => void figures.load())));
    }
  }
}

class Card {
  readonly element = h("article", { class: "panel kpi" });
  private kpi: Kpi | undefined;
  private readonly label = h("h2");
  private readonly value = new ValueElement();
  private readonly aside = h("span", { class: "aside muted" });
  private readonly state = tag("never", null);
  private readonly where = h("button", { type: "button", class: "where", disabled: true, click: () => this.pick() }, t("loading"));
  private readonly picture = h("div", { class: "picture" });
  private readonly week = h("p", { class: "week" }, "\u00a0");
  private readonly limit = h("p", { class: "limit" }, "\u00a0");

  constructor(name: string) {
    setText(this.label, name);
    this.element.append(
      h("header", {}, this.label, this.limit),
      h("p", { class: "figure" }, this.value, this.state, this.aside),
      this.where, this.picture, this.week,
    );
  }

  show(kpi: Kpi | undefined): void {
    if (!kpi) return;
    this.kpi = kpi;
    const there = kpi.device_id !== null;
    setText(this.label, kpi.label);
    setText(this.where, there ? [kpi.machine, kpi.device].filter(Boolean).join(" · ") : t("cards.nothing"));
    this.where.disabled = !there;
    if (there) this.where.title = t("cards.show", { metric: kpi.label, device: kpi.device ?? "" });
    setText(this.aside, this.isShare ? t("cards.uptime_of") : "");
    this.draw(kpi);
    setText(this.week, there ? this.compared(kpi) : "\u00a0");
    this.showLimit(kpi);
    this.age();
  }

  /** A newer reading of the device that is shown. */
  hear(status: DeviceStatus): void {
    const kpi = this.kpi;
    if (!kpi || kpi.device_id !== status.device.id) return;
    const newest = status.latest.find((value) => value.metric === kpi.metric);
    const moved = newest && !this.isShare ? { value: newest.value, time: newest.time } : {};
    this.kpi = { ...kpi, state: status.state, ...moved };
    this.showLimit(this.kpi);
    this.age();
  }

  age(): void {
    if (!this.kpi) return;
    const { value, state, time, device_id } = this.kpi;
    const share = this.isShare;
    const heard = device_id === null ? null : (plant.devices.get(device_id)?.received_at ?? time);
    this.value.show({
      value: value !== null && share ? value * 100 : value,
      digits: share ? 1 : this.kpi.digits,
      unit: share ? "%" : this.kpi.unit_label,
      state: share && value !== null ? "live" : state,
      time,
    });
    this.state.hidden = device_id === null;
    showTag(this.state, state, heard);
  }

  private get isShare(): boolean {
    return this.kpi?.metric === RUNNING;
  }

  private draw(kpi: Kpi): void {
    const there = kpi.spark_mean.filter((value): value is number => value !== null);
    if (!there.length) {
      this.picture.replaceChildren(h("span", { class: "muted" }, kpi.device_id === null ? "" : t("cards.spark_none")));
      return;
    }
    const told = (value: number): string => (this.isShare ? `${number(value * 100, 0)}${NARROW}%` : quantity(value, kpi.digits, kpi.unit_label));
    const low = told(Math.min(...there));
    const high = told(Math.max(...there));
    this.picture.replaceChildren(
      this.isShare ? bars(kpi.spark_mean) : line(kpi.spark_mean, kpi.limit),
      h("span", { class: "sr" }, t("cards.spark", { metric: kpi.label, low, high })),
    );
  }

  private compared(kpi: Kpi): string {
    if (kpi.previous === null || kpi.value === null) return t("cards.no_week");
    const digits = this.isShare ? 1 : kpi.digits;
    const delta = (kpi.value - kpi.previous) * (this.isShare ? 100 : 1);
    if (Number(delta.toFixed(digits)) === 0) return t("cards.same");
    const unit = this.isShare ? t("cards.points") : kpi.unit_label;
    return t("cards.week", { delta: signed(delta, digits) + NARROW + unit });
  }

  private showLimit(kpi: Kpi): void {
    const { limit, value } = kpi;
    if (limit === null) {
      this.limit.replaceChildren("\u00a0");
      return;
    }
    const beyond = value !== null && value > limit;
    const told = quantity(limit, kpi.digits, kpi.unit_label);
    this.limit.classList.toggle("beyond", beyond);
    this.limit.replaceChildren(beyond ? icon("triangle-alert") : "", t(beyond ? "cards.beyond" : "cards.limit", { value: told }));
  }

  private pick(): void {
    if (!this.kpi?.device_id) return;
    plant.pick({ device: this.kpi.device_id, metric: this.kpi.metric });
  }
}
