// One measured value with its five faces: live, stale, offline, nothing yet, and (for a block) failed.

import { h, setText } from "./dom.ts";
import { age, moment, NARROW, number, quantity } from "./format.ts";
import type { State } from "./model.ts";
import { plant } from "./plant.ts";
import { t } from "./text.ts";

export interface Shown {
  value: number | null;
  digits: number;
  unit: string;
  state: State;
  /** When it was measured. */
  time: string | null;
}

const GLYPHS: Record<State, string> = { live: "●", stale: "◐", offline: "○", never: "○" };

/** The face to show: when the appliance cannot be reached, nothing is known to be live. */
export function face(state: State): State {
  return state === "live" && plant.connection === "lost" ? "stale" : state;
}

export function glyph(state: State): string {
  return GLYPHS[face(state)];
}

/** The state in words with its true age; `since` is when the device was last heard of. */
export function words(state: State, since: string | null): string {
  const shown = face(state);
  if (since === null || shown === "never") return t("state.never");
  const at = Date.parse(since);
  if (shown === "live") return t("state.live");
  if (shown === "offline") return t("state.offline_since", { time: moment(at, plant.now()) });
  return t("state.stale_for", { age: age(plant.now() - at) });
}

export class ValueElement extends HTMLElement {
  private readonly number = h("span", { class: "number" });
  private readonly unit = h("span", { class: "unit" });

  connectedCallback(): void {
    if (!this.firstChild) this.append(this.number, this.unit);
  }

  show(shown: Shown): void {
    const state = shown.value === null ? "never" : face(shown.state);
    const hidden = shown.value === null || state === "offline" || state === "never";
    this.dataset.state = state;
    setText(this.number, hidden ? "—" : number(shown.value!, shown.digits));
    setText(this.unit, hidden || !shown.unit ? "" : NARROW + shown.unit);
    this.title =
      hidden && shown.value !== null && shown.time
        ? t("state.last_value", {
            value: quantity(shown.value, shown.digits, shown.unit),
            time: moment(Date.parse(shown.time), plant.now()),
          })
        : "";
  }
}

customElements.define("cs-value", ValueElement);

export function tag(state: State, since: string | null): HTMLElement {
  const element = h("span", { class: "state" }, h("span", { class: "glyph", "aria-hidden": "true" }), h("span"));
  showTag(element, state, since);
  return element;
}

export function showTag(element: HTMLElement, state: State, since: string | null): void {
  element.dataset.state = face(state);
  setText(element.firstChild!, glyph(state));
  setText(element.lastChild!, words(state, since));
}
