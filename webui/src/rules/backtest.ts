// What a rule would have done: alarms by day, the worst ten minutes, incidents, and who would have been called.

import { h, icon, svg } from "../dom.ts";
import { age, day, moment, number, quantity } from "../format.ts";
import type { Metric } from "../model.ts";
import { plant } from "../plant.ts";
import { table } from "../table.ts";
import { t, type Key } from "../text.ts";
import type { BackTest } from "./model.ts";

const DAY = 86_400_000;
const HEIGHT = 64;
const LISTED = 50;

export function picture(found: BackTest, metric: Metric | undefined): HTMLElement {
  const { alarms, from, to, needs } = found;
  const days = Math.max(1, Math.round((Date.parse(to) - Date.parse(from)) / DAY));
  if (needs) return h("p", { class: "notice" }, icon("triangle-alert"), h("span", {}, needs));
  return h("section", { class: "backtest", "aria-label": t("rules.test.title") },
    h("h3", {}, t("rules.test.would", { n: alarms, days })),
    h("p", { class: "muted" }, t("rules.test.span", { from: day(Date.parse(from)), to: day(Date.parse(to)), readings: number(found.readings, 0), seconds: number(found.seconds, 1) })),
    bars(found.by_day, Date.parse(from)), facts(found),
    found.incidents.length ? incidents(found) : null,
    found.times.length ? times(found, metric) : null);
}

/** One bar for each day; the same numbers are in the sentence that screen readers get. */
function bars(counts: readonly number[], from: number): HTMLElement {
  const most = Math.max(1, ...counts);
  const d = counts.map((count, x) => (count ? `M${x + 0.12} ${HEIGHT}V${HEIGHT - Math.max(2, (count / most) * (HEIGHT - 4))}H${x + 0.88}V${HEIGHT}Z` : "")).join("");
  const worst = counts.indexOf(Math.max(...counts));
  const said = alarmsByDay(counts, from, worst);
  return h("figure", { class: "day-bars" },
    svg("svg", { viewBox: `0 0 ${counts.length || 1} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": said },
      svg("path", { class: "spark-bars", d }), svg("path", { class: "base-line", d: `M0 ${HEIGHT - 0.5}H${counts.length || 1}`, "vector-effect": "non-scaling-stroke" })),
    h("figcaption", { class: "muted" }, h("span", {}, day(from)), h("span", {}, said), h("span", {}, day(from + (counts.length - 1) * DAY))));
}

function alarmsByDay(counts: readonly number[], from: number, worst: number): string {
  const most = counts[worst] ?? 0;
  return most ? t("rules.test.worst_day", { n: most, day: day(from + worst * DAY) }) : t("rules.test.no_day");
}

function facts(found: BackTest): HTMLElement {
  const beyond = found.worst_10_minutes > found.acceptable_10_minutes;
  const one = (name: string, ...value: (Node | string | null)[]): HTMLElement => h("div", {}, h("dt", {}, name), h("dd", {}, ...value));
  return h("dl", { class: "facts" },
    one(t("rules.test.worst"), h("strong", { class: beyond ? "beyond" : null }, t("rules.test.against", { n: found.worst_10_minutes, most: found.acceptable_10_minutes })),
      h("span", { class: "sub" }, t(beyond ? "rules.test.too_many" : "rules.test.bearable"))),
    one(t("rules.test.longest"), found.longest_seconds ? age(found.longest_seconds * 1000) : "—"),
    one(t("rules.test.standing"), age(found.standing_seconds * 1000)),
    one(t("rules.test.called"), found.called.length ? found.called.join(", ") : t("rules.test.nobody")),
    found.difference ? one(t("rules.test.difference"), t("rules.test.more_fewer", found.difference)) : null);
}

function incidents({ incidents: all }: BackTest): HTMLElement {
  return h("ul", { class: "findings" }, ...all.map(({ title, from, caught }) =>
    h("li", { "data-weight": caught ? "good" : "look" }, caught ? icon("circle-check") : icon("triangle-alert"),
      h("span", {}, t(caught ? "rules.test.caught" : "rules.test.missed", { title, time: moment(Date.parse(from), plant.now()) })))));
}

function times({ times: all, truncated }: BackTest, metric: Metric | undefined): HTMLElement {
  const more = all.length > LISTED || truncated;
  return h("details", { class: "alarm-times" }, h("summary", {}, t("rules.test.list")), alarms(t("rules.test.list"), all, metric),
    more && h("p", { class: "muted" }, t("rules.test.first", { n: LISTED })));
}

/** Alarms there would have been, as a table. */
export function alarms(title: string, all: readonly Pick<BackTest["times"][number], "raised_at" | "cleared_at" | "level" | "value">[], metric: Metric | undefined): HTMLElement {
  const rows = all.slice(0, LISTED).map(({ raised_at, cleared_at, level, value }) => {
    const from = Date.parse(raised_at);
    return [`${day(from)} ${moment(from, from)}`, cleared_at ? age(Date.parse(cleared_at) - from) : t("rules.test.still"), level === "on" ? "—" : t(`rules.level.${level}` as Key),
      value === null ? "—" : quantity(value, metric?.digits ?? 1, metric?.unit_label ?? "")];
  });
  return table(title, [t("rules.test.raised"), t("rules.test.lasted"), t("rules.test.level"), t("rules.test.value")], rows);
}
