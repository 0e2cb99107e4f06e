// The open alerts: what waits for somebody first. Rows do not move while somebody points at them.

import { post, Trouble } from "../api.ts";
import { metrics } from "../catalogue.ts";
import { h, icon, setText } from "../dom.ts";
import { Element } from "../element.ts";
import { age, moment, number, quantity } from "../format.ts";
import type { Alert, Metric } from "../model.ts";
import { plant } from "../plant.ts";
import { chip } from "../priority.ts";
import { start } from "../start.ts";
import { t, type Key } from "../text.ts";

const ANNOUNCED = 2; // new alerts of these priorities are read out

export class AlertsElement extends Element {
  private readonly list = h("ul", { class: "alert-list" });
  private readonly none = h("div", { class: "nothing", hidden: true },
    icon("circle-check"), h("p", {}, h("strong", {}, t("alerts.none")), h("br"), t("alerts.none_more")));
  private readonly said = h("p", { class: "sr", role: "status" });
  private readonly count = h("span", { class: "muted" });
  private readonly rows = new Map<number, Row>();
  private catalogue = new Map<string, Metric>();

  protected begin(signal: AbortSignal): void {
    const title = this.querySelector("h2")!;
    this.replaceChildren(h("header", {}, title, this.count), this.list, this.none, this.said);
    plant.on("snapshot", () => this.show(), signal);
    plant.on("connection", () => this.show(), signal);
    plant.on("alert", (event) => this.changed(event.detail), signal);
    plant.on("changed", () => this.rows.forEach((row) => row.age(this.catalogue)), signal);
    plant.on("second", () => this.rows.forEach((row) => row.age(this.catalogue)), signal);
    for (const leave of ["pointerleave", "focusout"]) this.list.addEventListener(leave, () => this.order(), { signal });
    void metrics().then((found) => { this.catalogue = found; this.show(); });
  }

  private changed(alert: Alert): void {
    const isNew = !this.rows.has(alert.id) && alert.state !== "closed";
    this.show();
    if (!isNew || alert.priority > ANNOUNCED) return;
    const { message, device, priority } = alert;
    setText(this.said, t("alerts.new", { message, device, priority: t(`priority.${priority}` as Key) }));
  }

  private show(): void {
    for (const [id, row] of this.rows) {
      if (!plant.alerts.has(id)) {
        row.element.remove();
        this.rows.delete(id);
      }
    }
    for (const alert of plant.alerts.values()) {
      let row = this.rows.get(alert.id);
      if (!row) {
        row = new Row();
        this.rows.set(alert.id, row);
        this.list.append(row.element);
      }
      row.show(alert, this.catalogue);
    }
    this.none.hidden = this.rows.size > 0 || plant.connection !== "live";
    setText(this.count, this.rows.size ? t("alerts.all", { n: this.rows.size }) : "");
    this.order();
  }

  private order(): void {
    if (this.list.matches(":hover, :focus-within")) return;
    const wanted = [...plant.alerts.values()].sort(byUrgency).map((alert) => this.rows.get(alert.id)!.element);
    wanted.forEach((element, place) => {
      if (this.list.children[place] !== element) this.list.insertBefore(element, this.list.children[place] ?? null);
    });
  }
}

function waits(alert: Alert): boolean {
  return alert.state === "unacknowledged" || alert.state === "returned";
}

function byUrgency(a: Alert, b: Alert): number {
  return Number(waits(b)) - Number(waits(a)) || a.priority - b.priority || Date.parse(b.raised_at) - Date.parse(a.raised_at);
}

class Row {
  readonly element = h("li", { class: "alert" });
  private alert: Alert | undefined;
  private readonly chip = h("span", { class: "chip-place" });
  private readonly message = h("strong", { class: "message" });
  private readonly values = h("span", { class: "values" });
  private readonly where = h("button", { type: "button", class: "where", click: () => this.pick() });
  private readonly since = h("span", { class: "since muted" });
  private readonly state = h("span", { class: "alert-state" });
  private readonly what = h("p", { class: "what", hidden: true });
  private readonly disclose = h("button", { type: "button", class: "disclose", "aria-expanded": "false", click: () => this.turn() },
    icon("chevron-right"), t("alerts.what"));
  private readonly trouble = h("p", { class: "wrong", role: "alert" });
  private readonly button = h("button", { type: "button", class: "button small", click: () => void this.acknowledge() },
    icon("check"), t("alerts.acknowledge"));

  constructor() {
    this.element.append(
      this.chip,
      h("div", { class: "alert-body" },
        h("p", { class: "headline" }, this.message, this.values),
        h("p", { class: "meta" }, this.where, this.since),
        h("p", { class: "meta" }, this.state),
        h("div", { class: "doing" }, this.disclose, this.button),
        this.what, this.trouble),
    );
  }

  show(alert: Alert, catalogue: Map<string, Metric>): void {
    if (this.alert?.priority !== alert.priority) this.chip.replaceChildren(chip(alert.priority));
    this.alert = alert;
    this.element.dataset.state = alert.state;
    this.element.dataset.alert = String(alert.id);
    setText(this.message, alert.message);
    setText(this.where, [alert.machine, alert.device].filter(Boolean).join(" · "));
    setText(this.state, this.stateWords(alert));
    this.disclose.hidden = !alert.what_to_do;
    setText(this.what, alert.what_to_do);
    this.button.hidden = !start.mayAcknowledge || !waits(alert);
    this.button.setAttribute("aria-label", t("alerts.acknowledge_this", { message: alert.message, device: alert.device }));
    this.age(catalogue);
  }

  age(catalogue: Map<string, Metric>): void {
    const alert = this.alert;
    if (!alert) return;
    const at = Date.parse(alert.raised_at);
    setText(this.since, `${t("alerts.since", { time: moment(at, plant.now()) })} · ${age(plant.now() - at)}`);
    setText(this.values, this.valueWords(alert, catalogue.get(alert.metric ?? "")?.digits ?? 1));
  }

  /** The newest value against the limit while the alarm stands, else the value that raised it. */
  private valueWords(alert: Alert, digits: number): string {
    if (alert.limit === null || alert.raised_value === null) return "";
    const standing = alert.state === "unacknowledged" || alert.state === "acknowledged";
    const newest = plant.devices.get(alert.device_id)?.latest.find((one) => one.metric === alert.metric)?.value;
    const over = (value: number): boolean => (alert.kind === "low" ? value < alert.limit! : value > alert.limit!);
    const shown = standing && newest !== undefined && over(newest) ? newest : alert.raised_value;
    return t(alert.kind === "low" ? "alerts.against_low" : "alerts.against_high", {
      value: number(shown, digits),
      limit: quantity(alert.limit, digits, alert.unit_label ?? ""),
    });
  }

  private stateWords(alert: Alert): string {
    if (alert.state !== "acknowledged") return t(`alerts.${alert.state}`);
    return alert.acknowledged_by ? t("alerts.acknowledged", { name: alert.acknowledged_by }) : t("alerts.acknowledged_somebody");
  }

  private async acknowledge(): Promise<void> {
    const { id } = this.alert!;
    this.button.setAttribute("aria-busy", "true");
    setText(this.trouble, "");
    try {
      plant.told(await post<Alert>(`/alerts/${id}/acknowledge`));
    } catch (trouble) {
      setText(this.trouble, trouble instanceof Trouble ? trouble.message : t("error.acknowledge"));
    } finally {
      this.button.removeAttribute("aria-busy");
    }
  }

  private turn(): void {
    this.what.hidden = !this.what.hidden;
    this.disclose.setAttribute("aria-expanded", String(!this.what.hidden));
  }

  private pick(): void {
    if (!this.alert) return;
    const { device_id: device, metric } = this.alert;
    plant.pick(metric ? { device, metric } : { device });
  }
}
