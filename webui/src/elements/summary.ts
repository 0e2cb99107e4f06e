// The slim line on top: how many devices report, what is open, how complete today's data is.

import { h, setText } from "../dom.ts";
import { Element } from "../element.ts";
import { share } from "../format.ts";
import { figures } from "../overview.ts";
import { plant } from "../plant.ts";
import { chip } from "../priority.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";
import { face } from "../value.ts";

const PRIORITIES = [1, 2, 3, 4];

export class SummaryElement extends Element {
  private readonly reporting = h("span");
  private readonly complete = h("a");
  private readonly counts = new Map(PRIORITIES.map((priority) => [priority, h("span", { class: "count" })]));
  private readonly open = h("p", { class: "by-priority" });

  protected begin(signal: AbortSignal): void {
    this.open.replaceChildren(h("span", { class: "muted" }, t("summary.alerts")));
    for (const [priority, count] of this.counts) {
      this.open.append(h("span", { class: "of-priority" }, chip(priority), count));
    }
    this.replaceChildren(h("p", {}, this.reporting), this.open, h("p", {}, this.complete));
    plant.on("changed", () => this.show(), signal);
    plant.on("connection", () => this.show(), signal);
    figures.addEventListener("change", () => this.show(), { signal });
    this.show();
  }

  private show(): void {
    const devices = [...plant.devices.values()];
    const known = plant.connection !== "connecting" || devices.length > 0;
    const live = devices.filter(({ state }) => face(state) === "live").length;
    setText(this.reporting, known ? t("summary.reporting", { n: live, all: devices.length }) : "\u00a0");
    for (const [priority, count] of this.counts) {
      const open = [...plant.alerts.values()].filter((alert) => alert.priority === priority).length;
      setText(count, String(open));
      count.parentElement!.classList.toggle("zero", open === 0);
    }
    const complete = figures.overview?.completeness_today;
    if (complete === undefined) setText(this.complete, "\u00a0");
    else this.complete.href = `/dashboard/completeness${location.search}`;
    if (complete === undefined) return;
    if (complete === null) setText(this.complete, t("summary.complete_none"));
    else setText(this.complete, t("summary.complete", { share: share(complete) }));
  }
}

/** How many alerts are open, beside the word in the navigation. */
export class OpenElement extends Element {
  protected begin(signal: AbortSignal): void {
    if (start.replay) return;
    plant.on("changed", () => setText(this, plant.alerts.size ? String(plant.alerts.size) : ""), signal);
  }
}
