// A signal's last 24 hours over the band of what is usual, and in words whether it left it.

import { get } from "./api.ts";
import { h, svg } from "./dom.ts";
import { quantity } from "./format.ts";
import { HALF_HOURS, type Halves } from "./last-day.ts";
import type { Metric } from "./model.ts";
import { t } from "./text.ts";

const DAY_MS = 86_400_000;
const HIGH = 72;
const EDGE = 3;

interface Band {
  times: number[];
  low: (number | null)[];
  high: (number | null)[];
}

/** The band of each half hour of the last 24; null where nothing is learnt. */
export type Usual = ([low: number, high: number] | null)[];

export async function loadBand(device: number, metric: string, now: number): Promise<Usual> {
  const to = Math.ceil(now / 1_800_000) * 1_800_000;
  const asked = new URLSearchParams({ device_id: String(device), metric, from: String(to - DAY_MS), to: String(to) });
  const band = await get<Band>(`/insights/baseline?${asked}`);
  return Array.from({ length: HALF_HOURS }, (_, half) => {
    const at = to - DAY_MS + half * 1_800_000;
    const place = band.times.findLastIndex((time) => time <= at);
    const [low, high] = [band.low[place], band.high[place]];
    return low == null || high == null ? null : [low, high];
  });
}

export function bandSpark(halves: Halves, usual: Usual, { name, device, metric }: { name: string; device: number; metric: Metric }): HTMLElement {
  const told = (value: number): string => quantity(value, metric.digits, metric.unit_label);
  const known = halves.filter((value): value is number => value !== null);
  const learnt = usual.some(Boolean);
  const off = halves.filter((value, half) => value !== null && usual[half] && (value < usual[half]![0] || value > usual[half]![1])).length;
  const words = !known.length ? t("cards.spark_none") : !learnt ? t("machine.not_learnt") : off ? t("machine.off_usual", { hours: off / 2 }) : t("machine.as_usual");
  return h("figure", { class: "usual-of" },
    h("figcaption", {}, h("a", { class: "where", href: `/dashboard/devices/${device}` }, metric.label), " ", h("span", { class: "muted" }, name)),
    h("div", { class: "picture tall" }, known.length > 0 && draw(halves, usual)),
    h("p", {}, words, " ", known.length > 0 && h("span", { class: "muted" }, t("machine.range", { low: told(Math.min(...known)), high: told(Math.max(...known)) }))));
}

function draw(halves: Halves, usual: Usual): SVGElement {
  const all = [...halves, ...usual.flatMap((one) => one ?? [])].filter((value): value is number => value !== null);
  const low = Math.min(...all);
  const span = Math.max(...all) - low || 1;
  const y = (value: number): number => Math.round((HIGH - EDGE - ((value - low) / span) * (HIGH - 2 * EDGE)) * 10) / 10;
  const band = usual.map((one, x) => (one ? `M${x} ${y(one[1])}h1V${y(one[0])}h-1Z` : "")).join("");
  let drawing = false;
  const path = halves.map((value, x) => {
    const step = value === null ? "" : `${drawing ? "L" : "M"}${x + 0.5} ${y(value)}${drawing ? "" : "h.01"}`;
    drawing = value !== null;
    return step;
  }).join("");
  return svg("svg", { class: "spark tall", viewBox: `0 0 ${HALF_HOURS} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("path", { class: "spark-band", d: band }),
    svg("path", { class: "spark-line", d: path, "vector-effect": "non-scaling-stroke" }));
}
