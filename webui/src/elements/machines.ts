// The machines, those in trouble first: what each does now in words, its last 24 hours, and its health.

import { metricsAtLast } from "../catalogue.ts";
import { strip } from "../availability.ts";
import { h, setText } from "../dom.ts";
import { Element } from "../element.ts";
import { number, quantity } from "../format.ts";
import { lastDay, type Halves } from "../last-day.ts";
import { machines } from "../machines.ts";
import type { DeviceStatus, Metric } from "../model.ts";
import { plant } from "../plant.ts";
import { chip } from "../priority.ts";
import { line } from "../spark.ts";
import { t } from "../text.ts";
import { face } from "../value.ts";

const AT_ONCE = 8; // of each two signals: one question
const AGAIN_MS = 300_000;
const RUNNING = "running";
const COLLATOR = new Intl.Collator(undefined, { numeric: true });

interface Machine {
  id: number;
  name: string;
  area: string;
  devices: DeviceStatus[];
  /** Of its most urgent open alert; 9: none. */
  priority: number;
}

export class MachinesElement extends Element {
  private readonly list = h("ul", { class: "machines" });
  private readonly more = h("button", { type: "button", class: "button small", hidden: true, click: () => { this.most += AT_ONCE; this.show(); void this.load(); } }, t("more"));
  private readonly none = h("p", { class: "nothing", hidden: true }, t("machine.no_machines"));
  private readonly count = h("span", { class: "muted" });
  private most = AT_ONCE;
  private pictures = new Map<string, Halves>();
  private catalogue = new Map<string, Metric>();
  private shown = "";
  private stale = false;

  protected begin(signal: AbortSignal): void {
    this.replaceChildren(h("header", {}, this.querySelector("h2")!, this.count), this.list, this.none, this.more);
    plant.on("snapshot", () => { this.show(); void this.load(); }, signal);
    plant.on("changed", () => { this.stale = true; }, signal);
    plant.on("second", () => this.stale && this.show(), signal); // a thousand devices change all the time
    plant.on("connection", () => this.show(), signal);
    machines.addEventListener("change", () => this.show(), { signal });
    const again = setInterval(() => document.hidden || void this.load(), AGAIN_MS);
    signal.addEventListener("abort", () => clearInterval(again));
    void metricsAtLast().then((found) => { this.catalogue = found; this.show(); void this.load(); });
  }

  /** Which levels there are, the catalogue tells: until it is there, nothing is asked. */
  private async load(): Promise<void> {
    if (!this.catalogue.size) return;
    const signals = this.wanted().flatMap(({ devices }) => [signalOf(devices, RUNNING), this.level(devices)?.key]).filter((one) => one !== undefined);
    try {
      if (signals.length) for (const [key, halves] of await lastDay(signals, plant.now())) this.pictures.set(key, halves);
    } catch {
      return; // the places stay empty; the next round asks again
    }
    this.show();
  }

  private show(): void {
    this.stale = false;
    const all = grouped();
    const entries = all.slice(0, this.most).map((machine) => this.entry(machine));
    const shown = entries.map(({ outerHTML }) => outerHTML).join("");
    if (shown !== this.shown) {
      const focused = this.list.contains(document.activeElement) ? document.activeElement!.getAttribute("href") : null;
      this.shown = shown;
      this.list.replaceChildren(...entries);
      if (focused) this.list.querySelector<HTMLElement>(`a[href="${focused}"]`)?.focus({ preventScroll: true });
    }
    this.none.hidden = all.length > 0 || plant.connection === "connecting";
    this.more.hidden = all.length <= this.most;
    setText(this.count, all.length ? t("machine.count", { n: all.length }) : "");
  }

  private wanted(): Machine[] {
    return grouped().slice(0, this.most);
  }

  private entry({ id, name, area, devices, priority }: Machine): HTMLElement {
    const running = signalOf(devices, RUNNING);
    const level = this.level(devices);
    const halves = running && this.pictures.get(running);
    const past = level && this.pictures.get(level.key);
    const score = machines.found?.find(({ machine }) => machine.id === id)?.health?.score;
    return h("li", { "data-machine": id },
      h("div", { class: "about" }, h("a", { class: "where", href: `/dashboard/machines/${id}` }, name), priority < 9 && chip(priority), h("span", { class: "muted" }, area)),
      h("p", { class: "doing" }, h("strong", {}, doing(devices)), score != null && h("span", { class: "muted" }, t("machine.score", { score: number(score, 0) }))),
      h("div", { class: "picture" }, past?.some((value) => value !== null) ? line(past, null) : null),
      h("p", { class: "muted level" }, level ? `${level.label} ${level.words}` : "\u00a0"),
      h("div", { class: "picture low" }, halves ? strip(halves) : null));
  }

  /** The first level that the machine measures, with its newest value. */
  private level(devices: readonly DeviceStatus[]): { key: string; label: string; words: string } | undefined {
    for (const metric of this.catalogue.values()) {
      if (metric.name === RUNNING) continue;
      for (const status of devices) {
        const newest = status.latest.find((value) => value.metric === metric.name);
        if (!newest) continue;
        const known = ["live", "stale"].includes(face(status.state));
        return { key: `${status.device.id}:${metric.name}`, label: metric.label, words: known ? quantity(newest.value, metric.digits, metric.unit_label) : "—" };
      }
    }
    return undefined;
  }
}

function grouped(): Machine[] {
  const found = new Map<number, Machine>();
  for (const status of plant.devices.values()) {
    const { machine_id: id, machine, area } = status.device;
    if (id === null) continue;
    const known = found.get(id) ?? { id, name: machine ?? "", area: area ?? "", devices: [], priority: 9 };
    known.devices.push(status);
    found.set(id, known);
  }
  for (const alert of plant.alerts.values()) {
    const machine = found.get(plant.devices.get(alert.device_id)?.device.machine_id ?? -1);
    if (machine) machine.priority = Math.min(machine.priority, alert.priority);
  }
  return [...found.values()].sort((a, b) => a.priority - b.priority || silent(b) - silent(a) || COLLATOR.compare(`${a.area} ${a.name}`, `${b.area} ${b.name}`));
}

function silent({ devices }: Machine): number {
  return devices.filter(({ state }) => state === "offline" || state === "stale").length;
}

function signalOf(devices: readonly DeviceStatus[], metric: string): string | undefined {
  const found = devices.find(({ latest }) => latest.some((value) => value.metric === metric));
  return found && `${found.device.id}:${metric}`;
}

/** What a machine does, as far as its devices are heard. */
export function doing(devices: readonly DeviceStatus[]): string {
  const heard = devices.filter(({ state }) => ["live", "stale"].includes(face(state)));
  if (!heard.length) return t("machine.unknown");
  const told = heard.flatMap(({ latest }) => latest).find(({ metric }) => metric === RUNNING);
  if (!told) return t("machine.measured");
  return t(told.value >= 0.5 ? "devices.running" : "devices.stopped");
}
