// The priority of an alert as shape, number and word; never as colour alone.

import { h, svg } from "./dom.ts";
import { t, type Key } from "./text.ts";

const SHAPES: Record<number, string> = {
  1: "M3 3h18v18H3Z",
  2: "M12 2.2 22.6 21H1.4Z",
  3: "M12 1 23 12 12 23 1 12Z",
  4: "M12 2a10 10 0 1 1 0 20 10 10 0 0 1 0-20Z",
};

export function chip(priority: number): HTMLElement {
  return h(
    "span", { class: `chip p${priority}`, title: t(`priority.${priority}` as Key) },
    svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("path", { d: SHAPES[priority] ?? "" })),
    h("span", { class: "digit", "aria-hidden": "true" }, String(priority)),
    h("span", { class: "sr" }, t(`priority.${priority}` as Key)),
  );
}
