// This month for a manager: is the data complete, are the limits kept; each with the way to its proof.

import { get } from "../api.ts";
import type { FactoryCounts } from "../completeness/model.ts";
import { h } from "../dom.ts";
import { day, number, share } from "../format.ts";
import type { Available } from "../model.ts";
import { figures } from "../overview.ts";
import { Part } from "../part.ts";
import { plant } from "../plant.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";

const DAY_MS = 86_400_000;
const FIRST = ["compliance", "monthly"] as const;

export class MonthElement extends Part {
  protected override begin(signal: AbortSignal): void {
    this.head = this.querySelector("h2")!;
    super.begin(signal);
  }

  private head!: HTMLElement;

  protected async draw(): Promise<Node[]> {
    await figures.answered();
    const today = new Date(plant.now()).toISOString().slice(0, 10);
    const first = `${today.slice(0, 8)}01`;
    const days = new URLSearchParams({ factory_id: String(start.factory), from: String(Date.parse(first)), to: String(Date.parse(today) + DAY_MS) });
    const [{ total: { expected, received } }, { reports }] = await Promise.all([
      get<FactoryCounts>(`/data/completeness?${days}&limit=0`),
      get<{ reports: Available[] }>("/reports"),
    ]);
    const report = FIRST.map((kind) => reports.find((one) => one.kind === kind && one.factory_id === start.factory)).find(Boolean);
    const months = day(plant.now()).slice(0, 7);
    return [
      h("header", {}, this.head, h("span", { class: "muted" }, months)),
      h("dl", { class: "month" },
        h("div", {}, h("dt", {}, t("month.data")),
          h("dd", {}, h("strong", {}, expected ? share(received / expected) : "—"), " ",
            h("a", { href: `/dashboard/completeness?factory=${start.factory}&from=${first}&to=${today}` }, t("month.certificate")),
            h("span", { class: "muted" }, expected ? t("month.missing", { missing: number(Math.max(0, expected - received), 0), expected: number(expected, 0) }) : t("month.nothing_yet")))),
        report && h("div", {}, h("dt", {}, t("month.compliant")),
          h("dd", {}, h("a", { href: `/dashboard/reports?factory=${start.factory}&kind=${report.kind}&period=${report.current.name}` }, t(`month.${report.kind as "compliance" | "monthly"}`)),
            h("span", { class: "muted" }, t("month.so_far"))))),
    ];
  }
}
