// Reports: which kind, of which period; its first page, its files, and what people have signed.

import { fetched, get } from "../api.ts";
import { h, icon, setText } from "../dom.ts";
import { Element, failure } from "../element.ts";
import { files } from "../file.ts";
import type { Available, Report, ReportKind } from "../model.ts";
import { before, days } from "../report/periods.ts";
import { preview } from "../report/preview.ts";
import { SigningForm } from "../report/signing.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";

const EARLIER = 12;
const OTHER = "other";
const FORMATS = ["pdf", "csv", "json"] as const;

export class ReportsElement extends Element {
  private available = new Map<ReportKind, Available>();
  private kind: ReportKind = "weekly";
  private asked = 0;
  private readonly kinds = h("div", { class: "segments", role: "group", "aria-label": t("reports.kind_label") });
  private readonly about = h("p", { class: "muted" });
  private readonly period = h("select", { class: "input", "aria-label": t("reports.period"), change: () => this.show() });
  private readonly from = h("input", { class: "input", "aria-label": t("reports.first_day"), placeholder: "2026-01-01", pattern: "\\d{4}-\\d{2}-\\d{2}", maxlength: 10 });
  private readonly to = h("input", { class: "input", "aria-label": t("reports.last_day"), placeholder: "2026-01-15", pattern: "\\d{4}-\\d{2}-\\d{2}", maxlength: 10 });
  private readonly own = h("form", { class: "own-days", hidden: true, submit: (event) => { event.preventDefault(); this.show(); } },
    this.from, "–", this.to, h("button", { class: "button small" }, t("reports.look_at")));
  private readonly files = h("div", { class: "files-place" });
  private readonly body = h("div", { class: "report-body", "aria-live": "polite" });

  protected begin(): void {
    const title = this.querySelector("h2")!;
    this.replaceChildren(h("header", {}, title, this.kinds, this.period, this.own, this.files), h("div", { class: "report-about" }, this.about), this.body);
    void this.load();
  }

  private async load(): Promise<void> {
    try {
      const { reports } = await get<{ reports: Available[] }>("/reports");
      this.available = new Map(reports.filter(({ factory_id }) => factory_id === start.factory).map((one) => [one.kind, one]));
    } catch (trouble) {
      this.body.replaceChildren(failure(trouble, () => void this.load()));
      return;
    }
    this.kinds.replaceChildren(...[...this.available.keys()].map((kind) =>
      h("button", { type: "button", "data-kind": kind, click: () => this.choose(kind) }, t(`reports.kind.${kind}`))));
    const query = new URLSearchParams(location.search);
    const wanted = query.get("kind") as ReportKind;
    if (this.available.has(wanted)) this.kind = wanted;
    this.choose(this.kind, query.get("period") ?? undefined);
  }

  /** Offer the periods of a kind: the last that is over, earlier ones, the current one so far, own days. */
  private choose(kind: ReportKind, period?: string): void {
    this.kind = kind;
    const there = this.available.get(kind);
    if (!there) return this.body.replaceChildren(h("p", { class: "nothing" }, t("reports.none")));
    for (const button of this.kinds.children) button.setAttribute("aria-pressed", String((button as HTMLElement).dataset.kind === kind));
    setText(this.about, t(`reports.about.${kind}`));
    const names = before(kind, there.last.name, EARLIER);
    const option = (name: string, words: string): HTMLElement => h("option", { value: name }, words);
    this.period.replaceChildren(
      option(there.current.name, t("reports.current", { period: told(there.current.name) })),
      ...names.map((name) => option(name, told(name))),
      ...(kind === "compliance" ? [option(OTHER, t("reports.other_days"))] : []));
    this.period.value = there.last.name;
    if (period?.includes("..")) {
      this.period.value = OTHER;
      [this.from.value, this.to.value] = period.split("..") as [string, string];
    } else if (period && [there.current.name, ...names].includes(period)) this.period.value = period;
    this.show();
  }

  private show(): void {
    const own = this.period.value === OTHER;
    this.own.hidden = !own;
    if (own && !(this.from.value && this.to.value)) {
      this.files.replaceChildren();
      this.body.replaceChildren();
      return this.from.focus();
    }
    void this.preview(own ? `${this.from.value}..${this.to.value}` : this.period.value);
  }

  private async preview(period: string): Promise<void> {
    const { kind } = this;
    const asked = ++this.asked;
    const address = `/reports/${kind}?${new URLSearchParams({ factory_id: String(start.factory), period })}`;
    this.remember(period);
    this.files.replaceChildren();
    this.body.replaceChildren(h("p", { class: "muted loading" }, t("reports.making")));
    try {
      const { body, headers } = await fetched<Report>(address);
      if (asked !== this.asked) return;
      const sha256 = headers.get("Report-SHA256") ?? "";
      this.files.replaceChildren(files(FORMATS.map((format) => ({ path: `${address}&format=${format}`, words: format.toUpperCase() }))));
      this.body.replaceChildren(preview(body, sha256));
      if (start.maySign && body.period.over) this.offerSigning({ kind, factory_id: start.factory!, period: body.period.name, sha256 });
    } catch (trouble) {
      if (asked === this.asked) this.body.replaceChildren(failure(trouble, () => void this.preview(period)));
    }
  }

  private offerSigning(read: { kind: ReportKind; factory_id: number; period: string; sha256: string }): void {
    const form = new SigningForm(read, ({ id }) => {
      form.element.replaceWith(h("p", { class: "notice good", role: "status" }, icon("circle-check"), h("span", {}, t("reports.signed"))));
      document.dispatchEvent(new CustomEvent("reportsigned", { detail: id }));
    });
    this.body.append(form.element);
  }

  private remember(period: string): void {
    const url = new URL(location.href);
    url.searchParams.set("kind", this.kind);
    url.searchParams.set("period", period);
    history.replaceState(null, "", url);
  }
}

/** A period with its days, as one looks it up in a calendar. */
export function told(name: string): string {
  if (name.includes("..")) return name.replace("..", " – ");
  const [first, last] = days(name);
  return `${name} (${first.slice(5)} – ${last.slice(5)})`;
}
