// The reports that people have signed, and the key that proves it.

import { get } from "../api.ts";
import { h, icon } from "../dom.ts";
import { Element, failure } from "../element.ts";
import { day, minutes } from "../format.ts";
import { files } from "../file.ts";
import type { SignedReport } from "../model.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";
import { told } from "./reports.ts";

const COLUMNS = ["report", "by", "at", "hash", "file"] as const;

export class SignedElement extends Element {
  private readonly body = h("div");

  protected begin(signal: AbortSignal): void {
    this.replaceChildren(h("header", {}, this.querySelector("h2")!), this.body);
    document.addEventListener("reportsigned", () => void this.load(), { signal });
    void this.load();
  }

  private async load(): Promise<void> {
    try {
      const { signed, key } = await get<{ signed: SignedReport[]; key: { fingerprint: string } }>("/reports/signed");
      this.show(signed.filter(({ factory_id }) => factory_id === start.factory), key.fingerprint);
    } catch (trouble) {
      this.body.replaceChildren(failure(trouble, () => void this.load()));
    }
  }

  private show(signed: SignedReport[], fingerprint: string): void {
    if (!signed.length) return this.body.replaceChildren(h("p", { class: "nothing" }, t("reports.none_signed")));
    const head = h("tr", {}, ...COLUMNS.map((name) => h("th", { scope: "col" }, t(`reports.column.${name}`))));
    const table = h("table", { "aria-labelledby": "signed-title" }, h("thead", {}, head), h("tbody", {}, ...signed.map(row)));
    this.body.replaceChildren(
      h("div", { class: "table-scroll", tabindex: 0, role: "group", "aria-labelledby": "signed-title" }, table),
      h("p", { class: "muted key-line" }, `${t("reports.key")} `, h("span", { class: "mono" }, fingerprint)));
  }
}

function row(one: SignedReport): HTMLElement {
  const at = Date.parse(one.signed_at);
  const cell = (name: (typeof COLUMNS)[number], ...inside: (Node | string | null)[]): HTMLElement => h("td", { "data-label": t(`reports.column.${name}`) }, ...inside);
  return h("tr", { "data-signed": one.id },
    h("th", { scope: "row" }, t(`reports.kind.${one.kind}`), h("br"), h("span", { class: "muted" }, told(one.period)),
      one.revised && h("span", { class: "revised" }, icon("triangle-alert"), t("reports.revised"))),
    cell("by", one.signer, h("br"), h("span", { class: "muted" }, t(`reports.meaning.${one.meaning}`))),
    cell("at", `${day(at)} ${minutes(at)}`),
    cell("hash", h("span", { class: "mono digest" }, one.hash)),
    cell("file", files([{ path: `/reports/signed/${one.id}`, words: "ZIP", name: `ZIP: ${t(`reports.kind.${one.kind}`)} ${one.period}` }])));
}
