// The four key figures as they were: of each kind the highest value, and how many machines ran.

import { h, setText } from "../dom.ts";
import type { DeviceStatus, Metric } from "../model.ts";
import { t } from "../text.ts";
import { ValueElement } from "../value.ts";

const LEVELS = ["temperature", "gas", "vibration"] as const;

export class Figures {
  readonly element = h("div", { class: "replay-figures", role: "group", "aria-label": t("replay.figures") });
  private readonly cards = [...LEVELS, "running"].map((metric) => {
    const card = { metric, title: h("h2", {}, t("loading")), value: new ValueElement(), where: h("p", { class: "muted" }) };
    this.element.append(h("div", { class: "replay-figure" }, card.title, h("p", { class: "figure" }, card.value), card.where));
    return card;
  });

  show(statuses: DeviceStatus[], catalogue: Map<string, Metric>): void {
    const there = statuses.filter(({ state }) => state === "live" || state === "stale");
    for (const { metric, title, value, where } of this.cards) {
      const known = catalogue.get(metric);
      if (!known) continue;
      const found = there.flatMap((status) => status.latest.filter((one) => one.metric === metric).map((one) => ({ status, value: one.value })));
      setText(title, known.label);
      if (metric === "running") {
        const running = found.filter((one) => one.value >= 0.5).length;
        value.show({ value: found.length ? running : null, digits: 0, unit: "", state: "live", time: null });
        setText(where, found.length ? t("replay.running", { all: found.length }) : t("replay.nothing"));
      } else {
        const highest = found.sort((a, b) => b.value - a.value)[0];
        value.show({ value: highest?.value ?? null, digits: known.digits, unit: known.unit_label, state: highest?.status.state ?? "never", time: null });
        setText(where, highest ? [highest.status.device.machine, highest.status.device.name].filter(Boolean).join(" · ") : t("replay.nothing"));
      }
    }
  }
}
