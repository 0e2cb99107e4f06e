// The half hour around an alarm as a line, with its limit and the time it stood.

import { get } from "../api.ts";
import { h, svg } from "../dom.ts";
import { minutes, quantity } from "../format.ts";
import type { Alert, Metric, Series } from "../model.ts";
import { plant } from "../plant.ts";
import { t } from "../text.ts";

const WIDTH = 440;
const HEIGHT = 120;
const EDGE = 6;
const AROUND_MS = 900_000;
const MOST_MS = 6 * 3_600_000;

export async function around(alert: Alert, metric: Metric | undefined): Promise<HTMLElement | null> {
  if (!alert.metric) return null;
  const raised = Date.parse(alert.raised_at);
  const end = Math.min(alert.cleared_at ? Date.parse(alert.cleared_at) : plant.now(), raised + MOST_MS);
  const from = Math.round(raised - AROUND_MS);
  const to = Math.round(Math.min(plant.now(), end + AROUND_MS));
  const query = new URLSearchParams({ device_id: String(alert.device_id), metric: alert.metric, from: String(from), to: String(to), points: String(WIDTH) });
  const series = await get<Series>(`/data/series?${query}`);
  const values = series.columns.value ?? series.columns.mean ?? [];
  if (!values.length) return h("p", { class: "muted" }, t("alerts.no_picture"));
  const scale = [...values, ...(alert.limit === null ? [] : [alert.limit])];
  const [low, high] = [Math.min(...scale), Math.max(...scale)];
  const x = (time: number): number => round(((time - from) / (to - from || 1)) * WIDTH);
  const y = (value: number): number => round(HEIGHT - EDGE - ((value - low) / (high - low || 1)) * (HEIGHT - 2 * EDGE));
  const words = (value: number): string => quantity(value, metric?.digits ?? 1, alert.unit_label ?? "");
  const said = t("alerts.picture", { metric: metric?.label ?? alert.metric, from: minutes(from), to: minutes(to), low: words(Math.min(...values)), high: words(Math.max(...values)) });
  const parts = [
    svg("rect", { class: "stood", x: x(raised), y: 0, width: Math.max(1, x(end) - x(raised)), height: HEIGHT }),
    svg("path", { class: "spark-line", d: path(series, values, x, y) }),
    ...(alert.limit === null ? [] : [svg("path", { class: "spark-limit", d: `M0 ${y(alert.limit)}H${WIDTH}` })])];
  return h("figure", { class: "around" },
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": said }, ...parts),
    h("figcaption", { class: "muted" }, h("span", {}, minutes(from)), h("span", {}, `${words(low)} … ${words(high)}`), h("span", {}, minutes(to))));
}

/** A gap of more than a few steps is left open. */
function path({ times, bucket_ms: bucket }: Series, values: readonly number[], x: (time: number) => number, y: (value: number) => number): string {
  const steps = times.slice(1).map((time, place) => time - times[place]!).sort((a, b) => a - b);
  const gap = 3 * Math.max(bucket ?? 0, steps[Math.floor(steps.length / 2)] ?? 0);
  return times.map((time, place) => `${place && time - times[place - 1]! <= gap ? "L" : "M"}${x(time)} ${y(values[place]!)}`).join("");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
