// All alerts, of the plant or of one device: open, shelved, past, and how the alarms do as a whole.

import { post, Trouble } from "../api.ts";
import { Drawer } from "../alert/drawer.ts";
import { AlertList, byUrgency, newestFirst } from "../alert/list.ts";
import { Past } from "../alert/past.ts";
import { h, icon, setText } from "../dom.ts";
import { Element, failure } from "../element.ts";
import type { Alert } from "../model.ts";
import { plant } from "../plant.ts";
import { chip } from "../priority.ts";
import { start } from "../start.ts";
import { t, type Key } from "../text.ts";
import { announcement, nothing } from "./alerts.ts";

const TABS = ["open", "shelved", "closed", "statistics"] as const;
type Tab = (typeof TABS)[number];
const PRIORITIES = [1, 2, 3, 4];
const SHOWN_AT_ONCE = 100;
const SOON_MS = 300;

export class AlertBookElement extends Element {
  private tab: Tab = "open";
  private readonly without = new Set<number>();
  private device: number | null = null;
  private most = SHOWN_AT_ONCE;
  private known: Set<number> | undefined;
  private soon = 0;
  private readonly chosen = new Set<number>();
  private readonly past = new Past(() => this.show());
  private readonly list = new AlertList(start.device === null, { chosen: this.chosen, choose: (id, on) => this.choose(id, on), open: (id) => this.open(id) });
  private readonly none = nothing("");
  private readonly message = h("div");
  private readonly said = h("p", { class: "sr", role: "status" });
  private readonly tabs = new Map<Tab, HTMLButtonElement>();
  private readonly priorities = new Map<number, HTMLButtonElement>();
  private readonly filters = h("div", { class: "filters", role: "group", "aria-label": t("alerts.by_priority") });
  private readonly search = h("input", { class: "input search", type: "search", "aria-label": t("alerts.search"), placeholder: t("alerts.search"), input: () => this.filtered() });
  private readonly devices = h("select", { class: "input devices-choice", "aria-label": t("alerts.device"), change: () => { this.device = Number(this.devices.value) || null; this.filtered(); } });
  private readonly more = h("button", { type: "button", class: "button small", click: () => this.further() }, t("more"));
  private readonly told = h("p", { class: "muted" });
  private readonly figures = h("div", { class: "figures-place" });
  private readonly note = h("input", { class: "input", maxlength: 500, "aria-label": t("alerts.note"), placeholder: t("alerts.note") });
  private readonly many = h("p", { class: "count" });
  private readonly manyTrouble = h("p", { class: "wrong", role: "alert" });
  private readonly bar = h("div", { class: "chosen-bar", role: "group", "aria-label": t("alerts.chosen_bar"), hidden: true }, this.many, this.note,
    h("button", { type: "button", class: "button small primary", click: () => void this.acknowledgeMany() }, icon("check"), t("alerts.acknowledge_all")),
    h("button", { type: "button", class: "button small", click: () => this.chooseNone() }, t("alerts.choose_none")), this.manyTrouble);
  private readonly keys = h("button", { type: "button", class: "choice keys", title: t("alerts.keys_about"), click: () => this.turnKeys() }, t("alerts.keys"));

  protected begin(signal: AbortSignal): void {
    this.read();
    for (const tab of TABS.filter((each) => each !== "statistics" || start.device === null)) {
      this.tabs.set(tab, h("button", { type: "button", click: () => this.turn(tab) }, t(`alerts.which.${tab}`)));
    }
    for (const priority of PRIORITIES) {
      this.priorities.set(priority, h("button", { type: "button", class: "filter", click: () => this.hide(priority) },
        chip(priority), h("span", { "aria-hidden": "true" }, t(`priority.${priority}` as Key)), h("span", { class: "count" })));
    }
    this.filters.replaceChildren(...this.priorities.values());
    const title = this.querySelector("h2");
    this.replaceChildren(
      h("header", {}, title,
        h("div", { class: "segments", role: "group", "aria-label": t("alerts.which.label") }, ...this.tabs.values()),
        this.filters, this.search, start.device === null && this.devices),
      this.bar, this.message, this.list.element, this.none, this.figures, h("footer", { class: "book-end" }, this.told, this.more, this.keys), this.said);
    this.keys.setAttribute("aria-pressed", String(keysAreOn()));
    this.list.begin(signal);
    plant.on("snapshot", () => { this.offerDevices(); this.ask(); }, signal);
    plant.on("connection", () => this.show(), signal);
    plant.on("alert", (event) => this.changed(event.detail), signal);
    document.addEventListener("keydown", (event) => this.typed(event), { signal });
    this.ask();
    const wanted = Number(new URLSearchParams(location.search).get("alert"));
    if (wanted && start.device === null) this.open(wanted);
  }

  private turn(tab: Tab): void {
    this.tab = tab;
    this.past.known = false;
    this.past.alerts = [];
    this.chooseNone();
    this.filtered();
    if (tab === "statistics") void import("../alert/statistics.ts").then(({ statistics }) => this.figures.replaceChildren(statistics()));
  }

  private hide(priority: number): void {
    if (!this.without.delete(priority)) this.without.add(priority);
    this.filtered();
  }

  private filtered(): void {
    this.most = SHOWN_AT_ONCE;
    this.remember();
    this.show();
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.ask(), SOON_MS);
  }

  /** Shelved and past ones are asked for; open ones are known from the stream. */
  private ask(further = false): void {
    if (this.tab !== "shelved" && this.tab !== "closed") return this.show();
    const priorities = PRIORITIES.filter((each) => !this.without.has(each));
    void this.past.load({ state: this.tab, text: this.search.value.trim(), priority: priorities.length === 1 ? priorities[0]! : null, device: this.device }, further);
  }

  private further(): void {
    if (this.tab === "open") {
      this.most += SHOWN_AT_ONCE;
      this.show();
    } else this.ask(true);
  }

  private changed(alert: Alert): void {
    const isNew = this.known && !this.known.has(alert.id) && alert.state === "unacknowledged" && !alert.shelved_until;
    if (alert.state !== "unacknowledged" && alert.state !== "returned") this.choose(alert.id, false);
    this.show();
    if (isNew && alert.priority <= 2) setText(this.said, announcement(alert));
    if (this.tab !== "open") {
      clearTimeout(this.soon);
      this.soon = setTimeout(() => this.ask(), SOON_MS);
    }
  }

  private show(): void {
    const isOpen = this.tab === "open";
    const hasList = this.tab !== "statistics";
    const loaded = isOpen ? plant.connection !== "connecting" : this.past.known;
    const all = isOpen ? [...plant.alerts.values()].filter((alert) => this.fits(alert)) : this.past.alerts.filter(ours);
    this.known = isOpen && loaded ? new Set(plant.alerts.keys()) : undefined;
    const wanted = all.filter(({ priority }) => !this.without.has(priority)).sort(this.tab === "closed" ? newestFirst : byUrgency);
    for (const [tab, button] of this.tabs) button.setAttribute("aria-pressed", String(tab === this.tab));
    for (const [priority, button] of this.priorities) {
      button.setAttribute("aria-pressed", String(!this.without.has(priority)));
      setText(button.lastChild!, loaded && hasList ? String(all.filter((alert) => alert.priority === priority).length) : "");
    }
    const most = isOpen ? this.most : wanted.length;
    this.list.show(hasList ? wanted.slice(0, most) : []);
    this.figures.hidden = hasList;
    this.filters.hidden = this.search.hidden = this.devices.hidden = !hasList;
    if (!isOpen) this.message.replaceChildren(...(this.past.trouble && hasList ? [failure(this.past.trouble, () => this.ask())] : []));
    this.none.hidden = !hasList || !loaded || wanted.length > 0;
    const hidden = all.length - wanted.length;
    const empty = this.search.value || this.device ? t("alerts.none_found") : hasList ? t(`alerts.nothing.${this.tab as Exclude<Tab, "statistics">}`) : "";
    setText(this.none.querySelector("strong")!, hidden ? t("alerts.filtered", { n: hidden }) : empty);
    this.more.hidden = !hasList || (isOpen ? wanted.length <= this.most : !this.past.more);
    const total = isOpen ? wanted.length : Math.max(this.past.total, wanted.length);
    setText(this.told, !hasList ? "" : !loaded ? t("loading") : wanted.length ? t("alerts.shown", { n: Math.min(most, wanted.length), all: total }) : "");
    this.count();
  }

  private fits(alert: Alert): boolean {
    if ((start.device !== null && alert.device_id !== start.device) || (this.device !== null && alert.device_id !== this.device)) return false;
    const text = [alert.message, alert.device, alert.machine, alert.area].join(" ").toLowerCase();
    return text.includes(this.search.value.trim().toLowerCase());
  }

  private offerDevices(): void {
    const all = [...plant.devices.values()].map(({ device }) => device).sort((a, b) => a.name.localeCompare(b.name));
    this.devices.replaceChildren(h("option", { value: "" }, t("alerts.every_device")), ...all.map(({ id, name }) => h("option", { value: id, selected: id === this.device }, name)));
  }

  private open(id: number): void {
    new Drawer(id, () => this.remember());
    this.remember(id);
  }

  private choose(id: number, on: boolean): void {
    if (on) this.chosen.add(id);
    else this.chosen.delete(id);
    this.count();
  }

  private chooseNone(): void {
    this.chosen.clear();
    setText(this.manyTrouble, "");
    this.message.replaceChildren();
    this.show();
  }

  private tell(words: string): void {
    this.message.replaceChildren(h("p", { class: "notice", role: "status" }, icon("users"), h("span", {}, words)));
  }

  private count(): void {
    this.bar.hidden = this.chosen.size === 0;
    setText(this.many, t("alerts.chosen", { n: this.chosen.size }));
  }

  private async acknowledgeMany(): Promise<void> {
    const note = this.note.value.trim();
    try {
      const { acknowledged, already } = await post<Acknowledged>("/alerts/acknowledge", { ids: [...this.chosen], ...(note && { note }) });
      acknowledged.forEach((alert) => plant.told(alert));
      this.note.value = "";
      this.chooseNone();
      if (already.length) this.tell(t("alerts.already", { n: already.length, names: [...new Set(already.map(({ by }) => by ?? t("alerts.somebody")))].join(", ") }));
    } catch (trouble) {
      setText(this.manyTrouble, trouble instanceof Trouble ? trouble.message : t("error.acknowledge"));
    }
  }

  /** Single keys work only where nothing is being written, and can be switched off. */
  private typed(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (!keysAreOn() || event.ctrlKey || event.metaKey || event.altKey || target.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
    const row = this.list.focused();
    if (event.key === "j" || event.key === "k") this.list.step(event.key === "j" ? 1 : -1);
    else if (!row) return;
    else if (event.key === "a") void row.acknowledge();
    else if (event.key === "s") row.shelve();
    else if (event.key === "x") row.toggle();
    else if (event.key === "Enter" && target === row.element) this.open(Number(row.element.dataset.alert));
    else return;
    event.preventDefault();
  }

  private turnKeys(): void {
    localStorage.setItem("keys", keysAreOn() ? "off" : "on");
    this.keys.setAttribute("aria-pressed", String(keysAreOn()));
  }

  private read(): void {
    const query = new URLSearchParams(location.search);
    this.tab = TABS.find((tab) => tab === query.get("alerts")) ?? "open";
    this.search.value = query.get("text") ?? "";
    for (const priority of (query.get("without") ?? "").split(",").map(Number)) if (PRIORITIES.includes(priority)) this.without.add(priority);
    if (this.tab === "statistics") queueMicrotask(() => this.turn("statistics"));
  }

  private remember(alert?: number): void {
    const url = new URL(location.href);
    const set = (name: string, value: string): void => (value ? url.searchParams.set(name, value) : url.searchParams.delete(name));
    set("alerts", this.tab === "open" ? "" : this.tab);
    set("without", [...this.without].sort().join(","));
    set("text", this.search.value.trim());
    set("alert", alert ? String(alert) : "");
    history.replaceState(null, "", url);
  }
}

interface Acknowledged {
  acknowledged: Alert[];
  already: { id: number; by: string | null }[];
}

function ours(alert: Alert): boolean {
  return alert.factory_id === start.factory;
}

function keysAreOn(): boolean {
  return localStorage.getItem("keys") !== "off";
}
