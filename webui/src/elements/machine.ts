// One machine: its health and exactly why, its zone and exposures, its last 24 hours against what is usual, and its past alerts.

import { get } from "../api.ts";
import { availability } from "../availability.ts";
import { bandSpark, loadBand } from "../band-spark.ts";
import { metrics } from "../catalogue.ts";
import { h } from "../dom.ts";
import { age, day as calendarDay, moment, number, quantity, share, signed } from "../format.ts";
import { lastDay } from "../last-day.ts";
import { reasons } from "../machines.ts";
import type { Alert, DeviceStatus, MachineInsight, Metric } from "../model.ts";
import { empty, panel, Part } from "../part.ts";
import { plant } from "../plant.ts";
import { chip } from "../priority.ts";
import { line } from "../spark.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";
import { doing } from "./machines.ts";

const RUNNING = "running";
const MOST_SIGNALS = 15;
const MOST_PAST = 20;

interface Signal {
  key: string;
  device: number;
  name: string;
  metric: Metric;
}

export class MachineElement extends Part {
  private heading!: HTMLElement;
  private readonly state = h("strong");
  private known = false;

  protected override begin(signal: AbortSignal): void {
    this.heading = this.querySelector("h1")!;
    this.replaceChildren(this.heading, h("p", { class: "nothing" }, t("loading")));
    plant.on("changed", () => this.state.replaceChildren(doing(own())), signal);
    // Which devices it has is known once the stream has begun.
    plant.on("snapshot", () => { if (!this.known) { this.known = true; void this.load(signal); } }, signal);
  }

  protected async draw(): Promise<Node[]> {
    const [catalogue, insight] = await Promise.all([metrics(), get<MachineInsight>(`/insights/machines/${start.machine}`)]);
    const signals = signalsOf(catalogue);
    const [day, past] = await Promise.all([lastDay(signals.map(({ key }) => key), plant.now()), history()]);
    const running = signals.find(({ metric }) => metric.name === RUNNING);
    const levels = signals.filter(({ metric }) => metric.name !== RUNNING);
    const charts = await Promise.all(levels.map(async (one) => bandSpark(day.get(one.key) ?? [], await loadBand(one.device, one.metric.name, plant.now()), one)));
    return [
      h("header", { class: "panel machine-head" }, this.heading, this.state, h("span", { class: "muted" }, [insight.machine.kind, insight.machine.area].filter(Boolean).join(" · "))),
      h("div", { class: "machine-grid" },
        panel(t("machine.health"), this.health(insight, catalogue)),
        panel(t("machine.ran"), h("div", { class: "inside" }, running ? availability(day.get(running.key) ?? []) : h("p", { class: "muted" }, t("machine.no_switch")))),
        panel(t("machine.zone"), zone(insight)),
        panel(t("machine.exposures"), exposures(insight))),
      panel(t("machine.usual"), charts.length ? h("div", { class: "bands" }, ...charts) : empty(t("machine.no_signal"), t("machine.no_signal_next"))),
      panel(t("machine.past"), past.length ? h("ul", { class: "past" }, ...past.map(ended)) : empty(t("machine.no_past"), "")),
    ];
  }

  private health({ health, trend, worse }: MachineInsight, catalogue: ReadonlyMap<string, Metric>): HTMLElement {
    if (health?.score == null) return h("div", { class: "inside" }, h("p", { class: "muted" }, t("machine.no_score")));
    const why = reasons(health.reasons, catalogue);
    return h("div", { class: "inside" },
      h("p", { class: "figure" }, h("strong", {}, number(health.score, 0)), " ", h("span", { class: "muted" }, t("machine.of_100")), " ",
        h("span", {}, worse ? t("machine.lost", { lost: signed(-worse.lost, 0), since: calendarDay(Date.parse(worse.since)) }) : t("machine.kept"))),
      h("div", { class: "picture" }, trend.length > 0 && line([...trend.map(({ score }) => score), health.score], null)),
      why.length ? h("ul", { class: "whys" }, ...why.map((words) => h("li", {}, words))) : h("p", {}, t("machine.nothing_lost")),
      health.unmeasured.length > 0 && h("p", { class: "muted" }, t("machine.unmeasured", { names: health.unmeasured.join(", ") })),
      h("p", { class: "muted" }, t("machine.quality", { share: share(health.quality), time: moment(Date.parse(health.at), plant.now()) })));
  }
}

function own(): DeviceStatus[] {
  return [...plant.devices.values()].filter(({ device }) => device.machine_id === start.machine);
}

function signalsOf(catalogue: ReadonlyMap<string, Metric>): Signal[] {
  const found = own().flatMap(({ device, latest }) => latest.flatMap(({ metric }) => {
    const known = catalogue.get(metric);
    return known ? [{ key: `${device.id}:${metric}`, device: device.id, name: device.name, metric: known }] : [];
  }));
  return found.slice(0, MOST_SIGNALS);
}

function zone({ zone: found }: MachineInsight): HTMLElement {
  if (!found) return h("div", { class: "inside" }, h("p", { class: "muted" }, t("machine.no_zone")));
  return h("div", { class: "inside" },
    h("p", { class: "figure" }, h("strong", {}, found.zone), " ", quantity(found.velocity, 2, "mm/s")),
    h("p", {}, t(`machine.zones.${found.zone as "A" | "B" | "C" | "D"}`)),
    h("p", { class: "muted" }, t("machine.boundaries", { device: found.device, group: found.group, boundaries: found.boundaries.map((one) => number(one, 1)).join(" / "), source: found.source })),
    found.assumed && h("p", { class: "muted" }, t("machine.assumed")));
}

function exposures({ exposures: all }: MachineInsight): HTMLElement {
  if (!all.length) return h("div", { class: "inside" }, h("p", { class: "muted" }, t("machine.no_exposure")));
  return h("ul", { class: "exposures inside" }, ...all.map((one) => h("li", { "data-verdict": one.verdict },
    h("strong", {}, `${one.subject}, ${one.measure.toUpperCase()}`), " ",
    one.value === null ? "—" : quantity(one.value, 1, one.unit), " ",
    h("span", {}, t(one.verdict === "above" ? "machine.above" : one.verdict === "within" ? "machine.within" : "machine.insufficient", { limit: quantity(one.limit, 1, one.unit) })),
    h("span", { class: "muted" }, t("machine.measured_share", { share: share(one.coverage), device: one.device })))));
}

async function history(): Promise<Alert[]> {
  const ids = own().map(({ device }) => device.id).slice(0, MOST_SIGNALS);
  const found = await Promise.all(ids.map((id) => get<{ alerts: Alert[] }>(`/alerts?state=closed&device_id=${id}&limit=${MOST_PAST}`)));
  return found.flatMap(({ alerts }) => alerts).sort((a, b) => Date.parse(b.raised_at) - Date.parse(a.raised_at)).slice(0, MOST_PAST);
}

function ended(alert: Alert): HTMLElement {
  const from = Date.parse(alert.raised_at);
  const to = alert.cleared_at ? Date.parse(alert.cleared_at) : null;
  const now = plant.now();
  return h("li", {}, chip(alert.priority), h("strong", {}, alert.message), h("span", { class: "muted" }, alert.device),
    h("span", {}, to === null ? moment(from, now) : t("alerts.from_to", { from: moment(from, now), to: moment(to, now), age: age(to - from) })),
    alert.note && h("span", { class: "muted" }, t("alerts.noted", { note: alert.note })));
}
