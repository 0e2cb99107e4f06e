// Whether a machine ran: 24 hours as blocks whose height tells it, and the same in words.

import { h, svg } from "./dom.ts";
import { share } from "./format.ts";
import { HALF_HOURS, type Halves } from "./last-day.ts";
import { t } from "./text.ts";

const HIGH = 20;
const STOPPED = 3;

/** Filled: running. A low block: stopped. A dot in the middle: no data. */
export function strip(halves: Halves): SVGElement {
  const blocks = (draw: (share: number | null, x: number) => string): string => halves.map(draw).join("");
  return svg("svg", { class: "availability", viewBox: `0 0 ${HALF_HOURS} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("path", { class: "ran", d: blocks((part, x) => (part === null || part < 0.005 ? "" : `M${x} ${HIGH}v${-Math.max(STOPPED, part * HIGH)}h.85V${HIGH}Z`)) }),
    svg("path", { class: "stood", d: blocks((part, x) => (part === null || part >= 0.005 ? "" : `M${x} ${HIGH}v${-STOPPED}h.85v${STOPPED}Z`)) }),
    svg("path", { class: "unknown", d: blocks((part, x) => (part === null ? `M${x + 0.3} ${HIGH / 2}h.3v2h-.3Z` : "")) }));
}

/** How much of the last 24 hours it ran, stood, and was not heard of. */
export function availability(halves: Halves): HTMLElement {
  const known = halves.filter((part): part is number => part !== null);
  const ran = known.reduce((sum, part) => sum + part, 0) / HALF_HOURS;
  const dark = 1 - known.length / HALF_HOURS;
  const words = known.length
    ? t("machine.availability", { ran: share(ran), stopped: share(Math.max(0, 1 - ran - dark)), unknown: share(dark) })
    : t("machine.availability_none");
  return h("span", { class: "availability-of" }, strip(halves), h("span", { class: "muted" }, words));
}
