// One alert as a row: what, where, since when, who; acknowledged on the spot, with a note if there is one.

import { get, post, Trouble } from "../api.ts";
import { h, icon, setText } from "../dom.ts";
import { age, moment, number, quantity } from "../format.ts";
import type { Alert, Metric } from "../model.ts";
import { plant } from "../plant.ts";
import { chip } from "../priority.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";

const AROUND_MS = 1_800_000;

export function waits(alert: Alert): boolean {
  return alert.state === "unacknowledged" || alert.state === "returned";
}

export class Row {
  readonly element = h("li", { class: "alert" });
  private alert: Alert | undefined;
  private readonly chip = h("span", { class: "chip-place" });
  private readonly message = h("strong", { class: "message" });
  private readonly values = h("span", { class: "values" });
  private readonly where: HTMLElement;
  private readonly since = h("span", { class: "since muted" });
  private readonly state = h("span", { class: "alert-state" });
  private readonly note = h("p", { class: "note" });
  private readonly what = h("p", { class: "what", hidden: true });
  private readonly disclose = h("button", { type: "button", class: "disclose", "aria-expanded": "false", click: () => turn(this.disclose, this.what) },
    icon("chevron-right"), t("alerts.what"));
  private readonly input = h("input", { class: "input", maxlength: 500, "aria-label": t("alerts.note"), placeholder: t("alerts.note"), keydown: (event) => this.typed(event as KeyboardEvent) });
  private readonly writing = h("p", { class: "writing", hidden: true }, this.input);
  private readonly write = h("button", { type: "button", class: "disclose", "aria-expanded": "false", click: () => this.begin() },
    icon("chevron-right"), t("alerts.with_note"));
  private readonly trouble = h("p", { class: "wrong", role: "alert" });
  private readonly button = h("button", { type: "button", class: "button small", click: () => void this.acknowledge() },
    icon("check"), t("alerts.acknowledge"));

  /** links: the place leads to the device's page, else what is on this page shows it. */
  constructor(private readonly links: boolean) {
    this.where = links ? h("a", { class: "where" }) : h("button", { type: "button", class: "where", click: () => this.pick() });
    this.element.append(
      this.chip,
      h("div", { class: "alert-body" },
        h("div", { class: "told" }, h("p", { class: "headline" }, this.message, this.values), h("p", { class: "meta" }, this.where)),
        h("div", { class: "standing" }, h("p", {}, this.since), h("p", {}, this.state)),
        h("div", { class: "doing" }, this.disclose, this.write, this.button),
        this.what, this.writing, this.note, this.trouble),
    );
  }

  show(alert: Alert, catalogue: Map<string, Metric>): void {
    if (this.alert !== alert) setText(this.trouble, "");
    if (this.alert?.priority !== alert.priority) this.chip.replaceChildren(chip(alert.priority));
    this.alert = alert;
    this.element.dataset.state = alert.state;
    this.element.dataset.alert = String(alert.id);
    setText(this.message, alert.message);
    setText(this.where, [alert.machine, alert.device, alert.area].filter(Boolean).join(" · "));
    if (this.links) (this.where as HTMLAnchorElement).href = `/dashboard/devices/${alert.device_id}?from=${this.span()[0]}&to=${this.span()[1]}`;
    setText(this.state, stateWords(alert));
    setText(this.note, alert.note ? t("alerts.noted", { note: alert.note }) : "");
    this.disclose.hidden = !alert.what_to_do;
    setText(this.what, alert.what_to_do);
    const may = start.mayAcknowledge && waits(alert);
    this.button.hidden = this.write.hidden = !may;
    if (!may) this.writing.hidden = true;
    this.button.setAttribute("aria-label", t("alerts.acknowledge_this", { message: alert.message, device: alert.device }));
    this.age(catalogue);
  }

  age(catalogue: Map<string, Metric>): void {
    const alert = this.alert;
    if (!alert) return;
    const at = Date.parse(alert.raised_at);
    const end = alert.cleared_at ? Date.parse(alert.cleared_at) : undefined;
    const lasted = age((end ?? plant.now()) - at);
    setText(this.since, end
      ? t("alerts.from_to", { from: moment(at, plant.now()), to: moment(end, at), age: lasted })
      : `${t("alerts.since", { time: moment(at, plant.now()) })} · ${lasted}`);
    setText(this.values, valueWords(alert, catalogue.get(alert.metric ?? "")?.digits ?? 1));
  }

  private async acknowledge(): Promise<void> {
    const alert = this.alert!;
    const note = this.input.value.trim();
    this.button.setAttribute("aria-busy", "true");
    setText(this.trouble, "");
    try {
      plant.told(await post<Alert>(`/alerts/${alert.id}/acknowledge`, note ? { note } : undefined));
    } catch (trouble) {
      if (trouble instanceof Trouble && trouble.code === "conflict") await this.wasSecond(alert);
      else setText(this.trouble, trouble instanceof Trouble ? trouble.message : t("error.acknowledge"));
    } finally {
      this.button.removeAttribute("aria-busy");
    }
  }

  /** Somebody was first: the row shows who, as it is now, and says so once. */
  private async wasSecond({ id, device_id }: Alert): Promise<void> {
    const { alerts } = await get<{ alerts: Alert[] }>(`/alerts?state=all&device_id=${device_id}&limit=1000`).catch(() => ({ alerts: [] }));
    const found = alerts.find((one) => one.id === id);
    if (!found?.acknowledged_at) return setText(this.trouble, t("error.acknowledge"));
    plant.told(found);
    const time = moment(Date.parse(found.acknowledged_at), plant.now());
    setText(this.trouble, t("alerts.second", { name: found.acknowledged_by ?? t("alerts.somebody"), time }));
  }

  private begin(): void {
    turn(this.write, this.writing);
    if (!this.writing.hidden) this.input.focus();
  }

  private typed(event: KeyboardEvent): void {
    if (event.key === "Enter") void this.acknowledge();
  }

  private pick(): void {
    if (!this.alert) return;
    const { device_id: device, metric } = this.alert;
    plant.pick({ device, ...(metric && { metric }), span: this.span() });
  }

  /** The time to be looked at to understand it. */
  private span(): [number, number] {
    const { raised_at, cleared_at } = this.alert!;
    const end = cleared_at ? Date.parse(cleared_at) : plant.now();
    return [Math.round(Date.parse(raised_at) - AROUND_MS), Math.round(Math.min(plant.now(), end + AROUND_MS))];
  }
}

function turn(button: HTMLElement, shown: HTMLElement): void {
  shown.hidden = !shown.hidden;
  button.setAttribute("aria-expanded", String(!shown.hidden));
}

function stateWords(alert: Alert): string {
  if (!alert.acknowledged_at) return t(waits(alert) ? `alerts.${alert.state as "unacknowledged" | "returned"}` : "alerts.acknowledged_somebody");
  const time = moment(Date.parse(alert.acknowledged_at), plant.now());
  return t("alerts.acknowledged", { name: alert.acknowledged_by ?? t("alerts.somebody"), time });
}

/** The newest value against the limit while the alarm stands, else the value that raised it. */
function valueWords(alert: Alert, digits: number): string {
  if (alert.limit === null || alert.raised_value === null) return "";
  const standing = alert.cleared_at === null;
  const newest = plant.devices.get(alert.device_id)?.latest.find((one) => one.metric === alert.metric)?.value;
  const over = (value: number): boolean => (alert.kind === "low" ? value < alert.limit! : value > alert.limit!);
  const shown = standing && newest !== undefined && over(newest) ? newest : alert.raised_value;
  return t(alert.kind === "low" ? "alerts.against_low" : "alerts.against_high", {
    value: number(shown, digits),
    limit: quantity(alert.limit, digits, alert.unit_label ?? ""),
  });
}
