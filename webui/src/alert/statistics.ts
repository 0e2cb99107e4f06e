// How the alarms do as a whole: whether people can keep up with them, and which ones are to be mended.

import { get } from "../api.ts";
import { h, svg } from "../dom.ts";
import { age, day, minutes, NARROW, number } from "../format.ts";
import { Part } from "../part.ts";
import { plant } from "../plant.ts";
import { chip } from "../priority.ts";
import { start } from "../start.ts";
import { table } from "../table.ts";
import { t } from "../text.ts";

const SPANS = [7, 30, 90];
const DAY = 86_400_000;
const ACCEPTABLE = 1; // alarms in 10 minutes for one operator, ISA-18.2
const MANAGEABLE = 2;

interface Named {
  device: string;
  message: string;
}

interface Statistics {
  alarms: number;
  per_10_minutes: number;
  per_day: number;
  worst_10_minutes: number;
  worst_from: string | null;
  over_10_percent: number;
  load: { alarms: string; percent: number }[];
  floods: { from: string; to: string; alarms: number; worst_10_minutes: number }[];
  flood_percent: number;
  chattering: (Named & { times: number; worst_minute: number })[];
  stale: (Named & { raised_at: string; hours: number })[];
  top: (Named & { alarms: number; percent: number })[];
  top_percent: number;
  priorities: { priority: number; alarms: number; percent: number }[];
  shelved_now: number;
  suppressed_now: number;
  out_of_service_now: number;
  acknowledged: number;
  acknowledge_median_seconds: number | null;
  acknowledge_p95_seconds: number | null;
}

class StatisticsElement extends Part {
  private days = 7;

  protected async draw(): Promise<Node[]> {
    const query = new URLSearchParams({ from: new Date(plant.now() - this.days * DAY).toISOString(), to: new Date(plant.now()).toISOString() });
    if (start.factory !== null) query.set("factory_id", String(start.factory));
    const found = await get<Statistics>(`/alerts/statistics?${query}`);
    const spans = h("div", { class: "choices span-choices", role: "group", "aria-label": t("alerts.statistics.span") }, ...SPANS.map((days) =>
      h("button", { type: "button", class: "choice", "aria-pressed": String(days === this.days), click: () => { this.days = days; void this.load(); } }, t("alerts.statistics.days", { n: days }))));
    if (!found.alarms) return [spans, h("p", { class: "nothing" }, t("alerts.statistics.none"))];
    return [spans, tiles(found), h("div", { class: "figure-columns" }, load(found), mix(found)), ...lists(found)];
  }
}

customElements.define("cs-alert-statistics", StatisticsElement);

export const statistics = (): HTMLElement => new StatisticsElement();

const percent = (value: number): string => `${number(value, value < 10 ? 1 : 0)}${NARROW}%`;
const time = (at: string): string => `${day(Date.parse(at))} ${minutes(Date.parse(at))}`;
const span = (seconds: number | null): string => (seconds === null ? "—" : age(seconds * 1000));

function tiles(found: Statistics): HTMLElement {
  const tile = (name: string, value: string, about: string, beyond = false): HTMLElement =>
    h("div", { class: "tile panel" }, h("p", { class: "muted" }, name), h("p", { class: beyond ? "big beyond" : "big" }, value), h("p", { class: "muted" }, about));
  const rate = found.per_10_minutes;
  const judged = rate <= ACCEPTABLE ? t("alerts.statistics.acceptable") : rate <= MANAGEABLE ? t("alerts.statistics.manageable") : t("alerts.statistics.too_many");
  return h("div", { class: "tiles" },
    tile(t("alerts.statistics.alarms"), number(found.alarms, 0), t("alerts.statistics.per_day", { n: number(found.per_day, 1) })),
    tile(t("alerts.statistics.rate"), number(rate, 2), judged, rate > MANAGEABLE),
    tile(t("alerts.statistics.worst"), number(found.worst_10_minutes, 0), found.worst_from ? time(found.worst_from) : "—", found.worst_10_minutes > 10),
    tile(t("alerts.statistics.flood"), percent(found.flood_percent), t("alerts.statistics.floods", { n: found.floods.length }), found.flood_percent >= 1),
    tile(t("alerts.statistics.acknowledged_in"), span(found.acknowledge_median_seconds), t("alerts.statistics.p95", { age: span(found.acknowledge_p95_seconds) })),
    tile(t("alerts.statistics.hidden"), number(found.shelved_now + found.suppressed_now + found.out_of_service_now, 0),
      t("alerts.statistics.hidden_about", { shelved: found.shelved_now, suppressed: found.suppressed_now, out: found.out_of_service_now })));
}

/** A word, a bar, a number: what the bar shows is also said. */
function bar(name: Node | string, share: number, said: string): HTMLElement {
  return h("li", {}, h("span", { class: "bar-name" }, name),
    svg("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { class: "bar-back", width: 100, height: 8 }), svg("rect", { class: "bar-front", width: share, height: 8 })),
    h("span", { class: "bar-said" }, said));
}

function load({ load: intervals }: Statistics): HTMLElement {
  return h("section", {}, h("h3", {}, t("alerts.statistics.load")), h("p", { class: "muted" }, t("alerts.statistics.load_about")),
    h("ul", { class: "bars" }, ...intervals.map(({ alarms, percent: share }) => bar(alarms, share, percent(share)))));
}

function mix({ priorities }: Statistics): HTMLElement {
  return h("section", {}, h("h3", {}, t("alerts.statistics.mix")), h("p", { class: "muted" }, t("alerts.statistics.mix_about")),
    h("ul", { class: "bars" }, ...priorities.map(({ priority, alarms, percent: share }) => bar(chip(priority), share, `${alarms} · ${percent(share)}`))));
}

function lists(found: Statistics): HTMLElement[] {
  const list = (title: string, columns: string[], rows: (Node | string)[][]): HTMLElement | null =>
    rows.length ? h("section", {}, h("h3", {}, title), table(title, columns, rows)) : null;
  const what = ({ message, device }: Named): HTMLElement => h("span", {}, message, h("span", { class: "sub" }, device));
  const alert = t("alerts.one");
  return [
    list(t("alerts.statistics.top", { percent: percent(found.top_percent) }), [alert, t("alerts.statistics.alarms"), t("alerts.statistics.share")], found.top.map((one) => [what(one), number(one.alarms, 0), percent(one.percent)])),
    list(t("alerts.statistics.chattering"), [alert, t("alerts.statistics.times"), t("alerts.statistics.worst_minute")], found.chattering.map((one) => [what(one), number(one.times, 0), number(one.worst_minute, 0)])),
    list(t("alerts.statistics.stale"), [alert, t("alerts.fact.raised"), t("alerts.statistics.hours")], found.stale.map((one) => [what(one), time(one.raised_at), number(one.hours, 0)])),
    list(t("alerts.statistics.flood_list"), [t("alerts.fact.raised"), t("alerts.fact.cleared"), t("alerts.statistics.alarms"), t("alerts.statistics.worst")],
      found.floods.map((one) => [time(one.from), time(one.to), number(one.alarms, 0), number(one.worst_10_minutes, 0)])),
  ].filter((one) => one !== null);
}
