// The same data as a table, for those who read numbers rather than lines; what is missing is said in words.

import { h } from "../dom.ts";
import { age, clock, day, number, zone } from "../format.ts";
import type { Series } from "../model.ts";
import { t } from "../text.ts";
import { nearest, usualAt } from "./data.ts";
import type { Picture } from "./picture.ts";

interface Column {
  head: string;
  cell: (place: number) => string;
}

/** `within`: how far a value of the week before may be from the time it stands beside. */
export function table(series: Series, name: string, picture: Picture, within: number): HTMLElement[] {
  const shown = columnsOf(series, picture, within);
  const rows = series.times.map((time, place) => ({ time, row: h("tr", {}, h("th", { scope: "row" }, `${day(time)} ${clock(time)}`),
    ...shown.map(({ cell }) => h("td", { class: "right" }, cell(place)))) }));
  for (const [from, to] of picture.gaps) rows.push({ time: from, row: gapRow(from, to, shown.length) });
  rows.sort((one, other) => other.time - one.time);
  const also = [...picture.limits.map(({ words }) => words), ...picture.periods.map(({ words }) => words),
    ...picture.marks.map(({ from, to, words }) => t("chart.incident_row", { title: words, from: when(from), to: when(to) }))];
  const drawn = h("ul", { class: "also-drawn", "aria-label": t("chart.also") }, ...also.map((words) => h("li", {}, words)));
  return [...(also.length ? [drawn] : []), h("table", { "aria-label": name },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("chart.time", { zone: zone.name })),
      ...shown.map(({ head }) => h("th", { scope: "col", class: "right" }, head)))),
    h("tbody", {}, ...rows.map(({ row }) => row)))];
}

function columnsOf({ source, columns, times, digits, unit_label }: Series, { band, before }: Picture, within: number): Column[] {
  const unit = unit_label ? ` ${unit_label}` : "";
  const names = source === "raw" ? ["value"] as const : ["min", "mean", "max"] as const;
  const found: Column[] = names.map((name) => ({ head: t(`chart.${name}`) + unit, cell: (place) => number(columns[name]![place]!, digits) }));
  if (band) {
    found.push({ head: t("chart.usual") + unit, cell: (place) => {
      const usual = usualAt(band, times[place]!);
      return usual ? t("chart.usual_row", { low: number(usual[0], digits), high: number(usual[1], digits) }) : "—";
    } });
  }
  if (before) {
    found.push({ head: t("chart.before") + unit, cell: (place) => {
      const then = nearest(before, times[place]!, within);
      return then === undefined ? "—" : number(before.mean[then]!, digits);
    } });
  }
  return found;
}

function gapRow(from: number, to: number, columns: number): HTMLTableRowElement {
  return h("tr", { class: "gap" }, h("th", { scope: "row" }, `${day(from)} ${clock(from)}`),
    h("td", { colspan: columns }, t("chart.gap_row", { to: when(to), age: age(to - from) })));
}

function when(ms: number): string {
  return `${day(ms)} ${clock(ms)}`;
}
