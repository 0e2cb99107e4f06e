// The figures of a chart: last, lowest, mean and highest.

import { h, setText } from "../dom.ts";
import { t } from "../text.ts";

export class Figures {
  readonly element = h("dl", { class: "figures" });
  private readonly values = new Map<string, HTMLElement>();

  constructor() {
    for (const name of ["last", "min", "mean", "max"] as const) {
      const value = h("dd", {}, "—");
      this.values.set(name, value);
      this.element.append(h("div", {}, h("dt", {}, t(`chart.${name}`)), value));
    }
  }

  show(told: Record<string, string>): void {
    for (const [name, value] of this.values) setText(value, told[name] ?? "—");
  }
}
