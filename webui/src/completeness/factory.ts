// A plant's devices: how much of what was to come is there, as numbers and by day; the worst first.

import { h, svg } from "../dom.ts";
import { number, share } from "../format.ts";
import { t } from "../text.ts";
import { iso } from "./period.ts";
import type { Day, DeviceCounts, Totals } from "./model.ts";

const NUMBERS = ["expected", "received", "missing", "late", "duplicate", "conflicting", "quarantined", "damaged"] as const;
const CELL = 8;
const GAP = 2;
const HIGH = 18;

/** Null: nothing was expected. */
export function shareOf({ expected, received }: { expected: number; received: number }): number | null {
  return expected > 0 ? received / expected : null;
}

export function verdict(all: Totals): HTMLElement {
  const whole = shareOf(all);
  if (whole === null) return h("p", { class: "nothing" }, t("completeness.nothing_expected"));
  const said = all.short === 0 ? t("completeness.whole") : t("completeness.short", { n: all.short, all: all.devices, missing: number(all.expected - all.received, 0) });
  return h("div", { class: "verdict", role: "status" },
    h("p", { class: "big" }, share(whole)),
    h("p", {}, h("strong", {}, said), " ", t("completeness.of", { received: number(all.received, 0), expected: number(all.expected, 0) }),
      all.silent > 0 && ` ${t("completeness.never", { n: all.silent })}`));
}

/** A table of devices, to which more can be added. */
export class FactoryTable {
  readonly element: HTMLElement;
  private readonly body = h("tbody");

  constructor(private readonly choose: (device: DeviceCounts) => void) {
    const columns = [...NUMBERS.map((name) => h("th", { scope: "col", class: "right" }, t(`completeness.count.${name}`)))];
    this.element = h("div", { class: "table-scroll listing counts", tabindex: 0, role: "group", "aria-label": t("completeness.devices") },
      h("table", { "aria-label": t("completeness.devices") },
        h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("devices.device")), h("th", { scope: "col", class: "right" }, t("completeness.share")),
          h("th", { scope: "col" }, t("completeness.by_day")), ...columns)),
        this.body));
  }

  /** Those that are shown already stay as they are: a device may have moved between two pages. */
  add(devices: readonly DeviceCounts[], chosen: number | null): void {
    const shown = new Set([...this.body.rows].map((row) => row.dataset.device));
    this.body.append(...devices.filter((one) => !shown.has(String(one.device_id))).map((one) => this.row(one, chosen)));
  }

  private row(one: DeviceCounts, chosen: number | null): HTMLElement {
    return h("tr", { "data-device": one.device_id },
      h("th", { scope: "row" }, h("button", { type: "button", class: "as-link", "aria-expanded": String(one.device_id === chosen), "aria-controls": "certificate", click: () => this.choose(one) }, one.device)),
      h("td", { class: "right share", "data-label": t("completeness.share") }, shown(one)),
      h("td", { class: "days", "data-label": t("completeness.by_day") }, strip(one)),
      ...NUMBERS.map((name) => h("td", { class: one[name] ? "right" : "right zero", "data-label": t(`completeness.count.${name}`) }, number(one[name], 0))));
  }
}

function shown(one: DeviceCounts): string {
  const value = shareOf(one);
  return value === null ? "—" : share(value);
}

/** A column a day, as high as the share of it that is there; what is missing is the hatched rest. */
function strip({ days }: DeviceCounts): SVGElement {
  const width = days.length * (CELL + GAP) - GAP;
  const cells = days.map((day, place) => column(day, place * (CELL + GAP)));
  return svg("svg", { class: "day-strip", viewBox: `0 0 ${width} ${HIGH}`, width, height: HIGH, role: "img", "aria-label": told(days) }, ...cells);
}

function column(day: Day, x: number): SVGElement {
  const value = shareOf(day);
  const words = `${iso(day.from)}: ${value === null ? t("completeness.none_of_day") : share(value)}`;
  const title = svg("title", {});
  title.textContent = words;
  if (value === null) return svg("g", {}, title, svg("rect", { class: "none", x: x + 0.5, y: HIGH - 3.5, width: CELL - 1, height: 3 }));
  const there = value >= 1 ? HIGH : Math.min(HIGH - 2, Math.round(value * HIGH));
  return svg("g", {}, title, svg("rect", { class: "gone", x: x + 0.5, y: 0.5, width: CELL - 1, height: HIGH - 1 }),
    svg("rect", { class: "there", x, y: HIGH - there, width: CELL, height: there }));
}

function told(days: readonly Day[]): string {
  const short = days.filter((day) => day.received < day.expected);
  const worst = short.reduce<Day | null>((least, day) => (!least || shareOf(day)! < shareOf(least)! ? day : least), null);
  const expected = days.filter((day) => day.expected > 0).length;
  if (!worst) return t("completeness.days_whole", { n: expected });
  return t("completeness.days_short", { n: expected - short.length, all: expected, day: iso(worst.from), share: share(shareOf(worst)!) });
}
