// A line of the last 24 hours, 48 px high; gaps stay gaps.

import { svg } from "./dom.ts";

const HEIGHT = 48;
const EDGE = 3;

type Points = readonly (number | null)[];

export function line(points: Points, limit: number | null): SVGElement {
  const values = points.filter((value): value is number => value !== null);
  const low = Math.min(...values);
  const high = Math.max(...values);
  const near = limit !== null && Math.abs(limit - (limit > high ? high : low)) <= 2 * (high - low || 1);
  const from = near ? Math.min(low, limit) : low;
  const to = near ? Math.max(high, limit) : high;
  const y = (value: number): number =>
    round(HEIGHT - EDGE - ((value - from) / (to - from || 1)) * (HEIGHT - 2 * EDGE));
  const parts = [svg("path", { class: "spark-line", d: path(points, y), "vector-effect": "non-scaling-stroke" })];
  if (near) {
    parts.unshift(svg("path", { class: "spark-limit", d: `M0 ${y(limit)}H${points.length - 1}`, "vector-effect": "non-scaling-stroke" }));
  }
  return picture(points.length - 1, parts);
}

export function bars(shares: Points): SVGElement {
  const d = shares
    .map((share, x) => (share === null ? "" : `M${x + 0.1} ${HEIGHT}v${-round(Math.max(1, share * (HEIGHT - EDGE)))}h.8V${HEIGHT}Z`))
    .join("");
  return picture(shares.length, [svg("path", { class: "spark-bars", d })]);
}

function path(points: Points, y: (value: number) => number): string {
  let d = "";
  let drawing = false;
  points.forEach((value, x) => {
    if (value === null) drawing = false;
    else {
      d += drawing ? `L${x} ${y(value)}` : `M${x} ${y(value)}h.01`;
      drawing = true;
    }
  });
  return d;
}

function picture(width: number, parts: SVGElement[]): SVGElement {
  return svg("svg", { class: "spark", viewBox: `0 0 ${width} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, ...parts);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
