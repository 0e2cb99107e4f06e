// A list of alerts. Rows do not move while somebody points at them.

import { metricsAtLast } from "../catalogue.ts";
import { h } from "../dom.ts";
import type { Alert, Metric } from "../model.ts";
import { plant } from "../plant.ts";
import { Row, type Choosing } from "./row.ts";
import { waits } from "./words.ts";

export class AlertList {
  readonly element = h("ul", { class: "alert-list" });
  private readonly rows = new Map<number, Row>();
  private wanted: Alert[] = [];
  private catalogue = new Map<string, Metric>();

  constructor(private readonly links: boolean, private readonly choosing?: Choosing) {}

  begin(signal: AbortSignal): void {
    const age = (): void => this.rows.forEach((row) => row.age(this.catalogue));
    plant.on("changed", age, signal);
    plant.on("second", age, signal);
    for (const leave of ["pointerleave", "focusout"]) this.element.addEventListener(leave, () => this.order(), { signal });
    void metricsAtLast().then((found) => { this.catalogue = found; age(); });
  }

  /** The alerts to be shown, in their order. */
  show(alerts: Alert[]): void {
    this.wanted = alerts;
    const there = new Set(alerts.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (there.has(id)) continue;
      row.element.remove();
      this.rows.delete(id);
    }
    for (const alert of alerts) {
      let row = this.rows.get(alert.id);
      if (!row) {
        row = new Row(this.links, this.choosing);
        this.rows.set(alert.id, row);
        this.element.append(row.element);
      }
      row.show(alert, this.catalogue);
    }
    this.order();
  }

  /** The row that the keyboard is on. */
  focused(): Row | undefined {
    const focused = document.activeElement?.closest(".alert");
    return [...this.rows.values()].find(({ element }) => element === focused);
  }

  /** Move the keyboard to the next row, or to the one before. */
  step(by: 1 | -1): void {
    const elements = [...this.element.children] as HTMLElement[];
    const at = elements.indexOf(document.activeElement?.closest(".alert") as HTMLElement);
    const next = at < 0 ? (by > 0 ? 0 : elements.length - 1) : Math.min(elements.length - 1, Math.max(0, at + by));
    elements[next]?.focus();
  }

  private order(): void {
    if (this.element.matches(":hover, :focus-within")) return;
    this.wanted.forEach(({ id }, place) => {
      const { element } = this.rows.get(id)!;
      if (this.element.children[place] !== element) this.element.insertBefore(element, this.element.children[place] ?? null);
    });
  }
}

export function byUrgency(a: Alert, b: Alert): number {
  return Number(waits(b)) - Number(waits(a)) || a.priority - b.priority || newestFirst(a, b);
}

export function newestFirst(a: Alert, b: Alert): number {
  return Date.parse(b.raised_at) - Date.parse(a.raised_at) || b.id - a.id;
}
