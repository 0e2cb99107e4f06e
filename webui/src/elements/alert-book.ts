// All alerts, of the plant or of one device: open, closed or all, by priority.

import { book } from "../alert/book.ts";
import { AlertList, byUrgency, newestFirst } from "../alert/list.ts";
import { h, setText } from "../dom.ts";
import { Element, failure } from "../element.ts";
import type { Alert } from "../model.ts";
import { plant } from "../plant.ts";
import { chip } from "../priority.ts";
import { start } from "../start.ts";
import { t, type Key } from "../text.ts";
import { announcement, nothing } from "./alerts.ts";

const STATES = ["open", "closed", "all"] as const;
type State = (typeof STATES)[number];
const PRIORITIES = [1, 2, 3, 4];
const SHOWN_AT_ONCE = 100;

export class AlertBookElement extends Element {
  private state: State = "open";
  private readonly without = new Set<number>();
  private most = SHOWN_AT_ONCE;
  private known: Set<number> | undefined;
  private readonly list = new AlertList(start.device === null);
  private readonly none = nothing("");
  private readonly message = h("div");
  private readonly said = h("p", { class: "sr", role: "status" });
  private readonly states = new Map<State, HTMLButtonElement>();
  private readonly priorities = new Map<number, HTMLButtonElement>();
  private readonly more = h("button", { type: "button", class: "button small", click: () => { this.most += SHOWN_AT_ONCE; this.show(); } }, t("more"));
  private readonly told = h("p", { class: "muted" });

  protected begin(signal: AbortSignal): void {
    this.read();
    for (const state of STATES) {
      this.states.set(state, h("button", { type: "button", click: () => this.choose(state) }, t(`alerts.which.${state}`)));
    }
    for (const priority of PRIORITIES) {
      const count = h("span", { class: "count" });
      this.priorities.set(priority, h("button", { type: "button", class: "filter", click: () => this.turn(priority) },
        chip(priority), h("span", { "aria-hidden": "true" }, t(`priority.${priority}` as Key)), count));
    }
    const title = this.querySelector("h2");
    this.replaceChildren(
      h("header", {}, title,
        h("div", { class: "segments", role: "group", "aria-label": t("alerts.which.label") }, ...this.states.values()),
        h("div", { class: "filters", role: "group", "aria-label": t("alerts.by_priority") }, ...this.priorities.values())),
      this.message, this.list.element, this.none, h("footer", { class: "book-end" }, this.told, this.more), this.said);
    this.list.begin(signal);
    for (const change of ["snapshot", "connection"] as const) plant.on(change, () => this.show(), signal);
    plant.on("alert", (event) => this.changed(event.detail), signal);
    book.addEventListener("change", () => this.show(), { signal });
    if (this.state !== "open") void book.want();
    this.show();
  }

  private choose(state: State): void {
    this.state = state;
    this.most = SHOWN_AT_ONCE;
    if (state !== "open") void book.want();
    this.remember();
    this.show();
  }

  private turn(priority: number): void {
    if (!this.without.delete(priority)) this.without.add(priority);
    this.remember();
    this.show();
  }

  private changed(alert: Alert): void {
    const isNew = this.known && !this.known.has(alert.id) && alert.state === "unacknowledged";
    this.show();
    if (isNew && alert.priority <= 2) setText(this.said, announcement(alert));
  }

  private show(): void {
    const loaded = this.state === "open" ? plant.connection !== "connecting" : book.closed !== "unknown";
    const alerts = book.alerts();
    this.known = loaded ? new Set(alerts.map(({ id }) => id)) : undefined;
    const inState = alerts.filter(({ state }) => this.state === "all" || (state === "closed") === (this.state === "closed"));
    const wanted = inState.filter(({ priority }) => !this.without.has(priority)).sort(this.state === "open" ? byUrgency : newestFirst);
    for (const [state, button] of this.states) button.setAttribute("aria-pressed", String(state === this.state));
    for (const [priority, button] of this.priorities) {
      button.setAttribute("aria-pressed", String(!this.without.has(priority)));
      setText(button.lastChild!, loaded ? String(inState.filter((alert) => alert.priority === priority).length) : "");
    }
    this.list.show(wanted.slice(0, this.most));
    this.message.replaceChildren(...(book.trouble && this.state !== "open" ? [failure(book.trouble, () => void book.want())] : []));
    this.none.hidden = !loaded || wanted.length > 0;
    const hidden = inState.length - wanted.length;
    setText(this.none.querySelector("strong")!, hidden ? t("alerts.filtered", { n: hidden }) : t(`alerts.nothing.${this.state}`));
    this.more.hidden = wanted.length <= this.most;
    const shown = Math.min(this.most, wanted.length);
    const cut = this.state !== "open" && book.closed === "most" ? ` ${t("alerts.most")}` : "";
    setText(this.told, loaded && wanted.length ? t("alerts.shown", { n: shown, all: wanted.length }) + cut : loaded ? "" : t("loading"));
  }

  private read(): void {
    const query = new URLSearchParams(location.search);
    this.state = STATES.find((state) => state === query.get("alerts")) ?? "open";
    for (const priority of (query.get("without") ?? "").split(",").map(Number)) if (PRIORITIES.includes(priority)) this.without.add(priority);
  }

  private remember(): void {
    const url = new URL(location.href);
    const set = (name: string, value: string): void => (value ? url.searchParams.set(name, value) : url.searchParams.delete(name));
    set("alerts", this.state === "open" ? "" : this.state);
    set("without", [...this.without].sort().join(","));
    history.replaceState(null, "", url);
  }
}
