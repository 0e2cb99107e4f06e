// One alert as a row: what, where, since when, who; acknowledged on the spot, with a note if there is one.

import { Trouble } from "../api.ts";
import { h, icon, setText } from "../dom.ts";
import { age, moment } from "../format.ts";
import type { Alert, Metric } from "../model.ts";
import { plant } from "../plant.ts";
import { chip } from "../priority.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";
import { acknowledge, isShelved, shelve, unshelve } from "./deeds.ts";
import { replayOf, stateWords, valueWords, waits } from "./words.ts";

const AROUND_MS = 1_800_000;

/** What a row of the alerts page can do beside what one of the dashboard can. */
export interface Choosing {
  chosen: ReadonlySet<number>;
  choose: (id: number, chosen: boolean) => void;
  open: (id: number) => void;
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

  private readonly replay = h("a", { class: "ghost square replay-link", title: t("alerts.replay"), hidden: true }, icon("history"));
  private readonly box = h("input", { type: "checkbox", class: "choose", hidden: true, change: () => this.alert && this.choosing?.choose(this.alert.id, this.box.checked) });
  private readonly shelveButton = h("button", { type: "button", class: "button small", hidden: true }, t("alerts.shelve"));
  private readonly open = h("button", { type: "button", class: "button small", hidden: true, click: () => this.alert && this.choosing?.open(this.alert.id) }, t("alerts.details"));

  /** links: the place leads to the device's page, else what is on this page shows it. */
  constructor(private readonly links: boolean, private readonly choosing?: Choosing) {
    this.where = links ? h("a", { class: "where" }) : h("button", { type: "button", class: "where", click: () => this.pick() });
    this.element.append(
      h("div", { class: "lead" }, this.box, this.chip),
      h("div", { class: "alert-body" },
        h("div", { class: "told" }, h("p", { class: "headline" }, this.message, this.values), h("p", { class: "meta" }, this.where)),
        h("div", { class: "standing" }, h("p", {}, this.since), h("p", {}, this.state)),
        h("div", { class: "doing" }, this.replay, this.disclose, this.write, this.open, this.shelveButton, this.button),
        this.what, this.writing, this.note, this.trouble),
    );
  }

  show(alert: Alert, catalogue: Map<string, Metric>): void {
    if (this.alert?.state !== alert.state) setText(this.trouble, "");
    if (this.alert?.priority !== alert.priority) this.chip.replaceChildren(chip(alert.priority));
    this.alert = alert;
    this.element.dataset.state = alert.state;
    this.element.dataset.alert = String(alert.id);
    setText(this.message, alert.message);
    setText(this.where, [alert.machine, alert.device, alert.area].filter(Boolean).join(" · "));
    if (this.links) (this.where as HTMLAnchorElement).href = `/dashboard/devices/${alert.device_id}?from=${this.span()[0]}&to=${this.span()[1]}`;
    setText(this.state, stateWords(alert));
    setText(this.note, alert.note ? t("alerts.noted", { note: alert.note }) : "");
    this.replay.hidden = !this.links;
    this.replay.href = replayOf(alert);
    this.replay.setAttribute("aria-label", t("alerts.replay_this", { message: alert.message, device: alert.device }));
    this.disclose.hidden = !alert.what_to_do;
    setText(this.what, alert.what_to_do);
    const may = start.mayAcknowledge && waits(alert);
    this.button.hidden = this.write.hidden = !may;
    if (!may) this.writing.hidden = true;
    this.button.setAttribute("aria-label", t("alerts.acknowledge_this", { message: alert.message, device: alert.device }));
    this.offer(alert, may);
    this.age(catalogue);
  }

  /** What only the alerts page offers. */
  private offer(alert: Alert, may: boolean): void {
    if (!this.choosing) return;
    const shelved = isShelved(alert);
    this.element.tabIndex = -1;
    this.open.hidden = false;
    this.open.setAttribute("aria-label", t("alerts.details_of", { message: alert.message, device: alert.device }));
    this.box.hidden = !may;
    this.box.checked = this.choosing.chosen.has(alert.id);
    this.box.setAttribute("aria-label", t("alerts.choose", { message: alert.message, device: alert.device }));
    this.shelveButton.hidden = !start.mayAcknowledge || alert.state === "closed";
    setText(this.shelveButton, t(shelved ? "alerts.unshelve" : "alerts.shelve"));
    this.shelveButton.onclick = () => (shelved ? void this.try(() => unshelve(alert), t("error.title")) : shelve(alert));
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

  async acknowledge(): Promise<void> {
    const alert = this.alert;
    if (!alert || !this.mayAcknowledge()) return;
    if (alert.note_required && !this.input.value.trim()) return this.askNote();
    this.button.setAttribute("aria-busy", "true");
    await this.try(() => acknowledge(alert, this.input.value.trim()), t("error.acknowledge"));
    this.button.removeAttribute("aria-busy");
  }

  shelve(): void {
    if (this.alert && start.mayAcknowledge && this.alert.state !== "closed") shelve(this.alert);
  }

  toggle(): void {
    if (!this.box.hidden) this.box.click();
  }

  private mayAcknowledge(): boolean {
    return start.mayAcknowledge && this.alert !== undefined && waits(this.alert);
  }

  private askNote(): void {
    if (this.writing.hidden) this.begin();
    this.input.focus();
    setText(this.trouble, t("alerts.note_needed"));
  }

  private async try(deed: () => Promise<void>, otherwise: string): Promise<void> {
    setText(this.trouble, "");
    try {
      await deed();
    } catch (trouble) {
      setText(this.trouble, trouble instanceof Trouble ? trouble.message : otherwise);
    }
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
