// Which machines get worse, as the appliance finds: those that lost the most of their health, since when and why.

import { metricsAtLast } from "../catalogue.ts";
import { h, setText } from "../dom.ts";
import { Element, failure } from "../element.ts";
import { day, number, signed } from "../format.ts";
import { machines, reasons } from "../machines.ts";
import type { MachineInsight, Metric } from "../model.ts";
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
    const falling = found.filter(({ worse }) => worse !== null).sort((a, b) => b.worse!.lost - a.worse!.lost).slice(0, MOST);
    this.list.replaceChildren(...falling.map((one) => this.entry(one)));
    this.quiet.hidden = falling.length > 0;
    const scored = found.some(({ health }) => health?.score != null);
    setText(this.quiet, t(scored ? "machine.none_worse" : found.length ? "machine.no_score" : "machine.no_machines"));
  }

  private entry({ machine, health, trend, worse }: MachineInsight): HTMLElement {
    const { lost, since, why } = worse!;
    const [reason] = why ? reasons([why], this.catalogue) : [];
    return h("li", {},
      h("div", { class: "about" },
        h("a", { class: "where", href: `/dashboard/machines/${machine.id}` }, machine.name),
        h("span", { class: "score" }, t("machine.score", { score: number(health!.score!, 0) }), " ",
          h("span", { class: "muted" }, t("machine.lost", { lost: signed(-lost, 0), since: day(Date.parse(since)) })))),
      h("div", { class: "picture" }, trend.length > 0 && line([...trend.map(({ score }) => score), health!.score], null)),
      h("p", { class: "why" }, reason ?? t("machine.no_why")));
  }
}
