// Which days are looked at: the last ones, or those somebody writes.

import { h } from "../dom.ts";
import { t } from "../text.ts";

const DAY = 86_400_000;
const LAST = [1, 7, 31] as const;
const USUAL = 7;
const MOST = 366;

/** UTC days, both included. */
export interface Days {
  first: string;
  last: string;
}

export class PeriodPicker {
  private readonly last = h("div", { class: "segments", role: "group", "aria-label": t("completeness.last") });
  private readonly from = h("input", { class: "input", type: "date", required: true, "aria-label": t("completeness.first_day") });
  private readonly to = h("input", { class: "input", type: "date", required: true, "aria-label": t("completeness.last_day") });
  private readonly wrong = h("p", { class: "wrong", role: "alert" });
  readonly element = h("form", { class: "own-days period-days", submit: (event) => { event.preventDefault(); this.chosen(); } },
    this.last, this.from, "–", this.to, h("button", { class: "button small" }, t("completeness.show")), this.wrong);

  constructor(private readonly now: () => number, private readonly changed: () => void) {
    this.last.replaceChildren(...LAST.map((days) => h("button", { type: "button", "data-days": days, click: () => { this.take(this.until(days)); this.changed(); } },
      days === 1 ? t("completeness.today") : t("completeness.days", { n: days }))));
    const query = new URLSearchParams(location.search);
    const asked = { first: query.get("from") ?? "", last: query.get("to") ?? "" };
    this.take(fault(asked) ? this.until(USUAL) : asked);
  }

  get days(): Days {
    return { first: this.from.value, last: this.to.value };
  }

  /** From the first one's beginning up to the last one's end. */
  get query(): Record<string, string> {
    return { from: String(Date.parse(this.from.value)), to: String(Date.parse(this.to.value) + DAY) };
  }

  private chosen(): void {
    this.wrong.textContent = fault(this.days);
    if (this.wrong.textContent) return this.from.focus();
    this.take(this.days);
    this.changed();
  }

  private take(days: Days): void {
    this.wrong.textContent = "";
    this.from.value = days.first;
    this.to.value = days.last;
    for (const button of this.last.children) {
      const same = this.until(Number((button as HTMLElement).dataset.days));
      button.setAttribute("aria-pressed", String(same.first === days.first && same.last === days.last));
    }
  }

  private until(days: number): Days {
    return { first: iso(this.now() - (days - 1) * DAY), last: iso(this.now()) };
  }
}

/** What is wrong with days; nothing: they can be asked for. */
function fault({ first, last }: Days): string {
  const [from, to] = [Date.parse(first), Date.parse(last)];
  if (!/^\d{4}-\d\d-\d\d$/.test(first) || !/^\d{4}-\d\d-\d\d$/.test(last) || Number.isNaN(from) || Number.isNaN(to)) return t("completeness.no_days");
  if (from > to) return t("completeness.backwards");
  if (to - from >= MOST * DAY) return t("completeness.too_long", { n: MOST });
  return "";
}

export function iso(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
