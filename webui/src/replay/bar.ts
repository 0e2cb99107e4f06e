// The hour as a bar to go along, with a mark for every alert that was raised in it.

import { h, setText, svg } from "../dom.ts";
import { clock, minutes } from "../format.ts";
import { t } from "../text.ts";
import type { Film } from "./film.ts";

const HEIGHT = 14;
const WIDTH = 1000;

export class Bar {
  readonly input = h("input", { type: "range", class: "scrub", step: 1000, "aria-label": t("replay.bar"), input: () => this.moved(Number(this.input.value)) });
  private readonly marks = svg("svg", { class: "scrub-marks", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  private readonly from = h("span");
  private readonly to = h("span");
  private readonly count = h("span", { class: "muted" });
  readonly element = h("div", { class: "scrub-bar" }, this.marks, this.input, h("div", { class: "scrub-ends" }, this.from, this.count, this.to));
  private film: Film | undefined;

  constructor(private readonly moved: (at: number) => void) {}

  show(film: Film, at: number): void {
    if (this.film !== film) this.draw(film);
    this.input.value = String(at);
    this.input.setAttribute("aria-valuetext", clock(at));
  }

  private draw(film: Film): void {
    this.film = film;
    this.input.min = String(film.from);
    this.input.max = String(film.to - 1);
    setText(this.from, minutes(film.from));
    setText(this.to, minutes(film.to));
    setText(this.count, t(film.marks.length === 1 ? "replay.alert" : "replay.alerts", { n: film.marks.length }));
    this.marks.replaceChildren(...film.marks.map(({ at, priority }) => {
      const x = ((at - film.from) / (film.to - film.from)) * WIDTH;
      return svg("rect", { class: `scrub-mark p${priority}`, x: x - 2, width: 4, y: 0, height: HEIGHT });
    }));
  }
}
