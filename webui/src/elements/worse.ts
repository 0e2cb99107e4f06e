// Which machines get worse: those that lost the most of their health in 30 days, and exactly why.

import { metricsAtLast } from "../catalogue.ts";
import { h, setText } from "../dom.ts";
import { Element, failure } from "../element.ts";
import { number, signed } from "../format.ts";
import { fall, machines, reasons } from "../machines.ts";
import type { MachineInsight, Metric } from "../model.ts";
import { plant } from "../plant.ts";
import { line } from "../spark.ts";
import { t } from "../text.ts";

const MOST = 4;

export class WorseElement extends Element {
  private readonly list = h("ul", { class: "worse" });
  private readonly quiet = h("p", { class: "nothing" }, t("loading"));
  private catalogue = new Map<string, Metric>();

  protected begin(signal: AbortSignal): void {
    this.replaceChildren(h("header", {}, this.querySelector("h2")!), this.list, this.quiet);
    machines.addEventListener("change", () => this.show(), { signal });
    void metricsAtLast().then((found) => { this.catalogue = found; this.show(); });
  }

  private show(): void {
    const { found, trouble } = machines;
    if (!found) {
      if (trouble) this.list.replaceChildren(h("li", {}, failure(trouble, () => void machines.load())));
      this.quiet.hidden = trouble !== undefined;
      return;
    }
    const falling = found.map((one) => ({ one, lost: fall(one.health?.score ?? null, one.trend, plant.now()) }))
      .filter(({ lost }) => lost > 0).sort((a, b) => b.lost - a.lost).slice(0, MOST);
    this.list.replaceChildren(...falling.map(({ one, lost }) => this.entry(one, lost)));
    this.quiet.hidden = falling.length > 0;
    const scored = found.some(({ health }) => health?.score != null);
    setText(this.quiet, t(scored ? "machine.none_worse" : found.length ? "machine.no_score" : "machine.no_machines"));
  }

  private entry({ machine, health, trend }: MachineInsight, lost: number): HTMLElement {
    const why = reasons(health!.reasons, this.catalogue)[0];
    return h("li", {},
      h("div", { class: "about" },
        h("a", { class: "where", href: `/dashboard/machines/${machine.id}` }, machine.name),
        h("span", { class: "score" }, t("machine.score", { score: number(health!.score!, 0) }), " ", h("span", { class: "muted" }, t("machine.lost", { lost: signed(-lost, 0) })))),
      h("div", { class: "picture" }, trend.length > 0 && line([...trend.map(({ score }) => score), health!.score], null)),
      h("p", { class: "why" }, why ?? t("machine.no_why")));
  }
}
