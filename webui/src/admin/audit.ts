// The audit log: who did what. A broken chain of hashes is told before anything else.

import { get } from "../api.ts";
import { h, icon } from "../dom.ts";
import { clock, day } from "../format.ts";
import { panel, Part } from "../part.ts";
import { table } from "../table.ts";
import { t } from "../text.ts";

const AT_ONCE = 100;
const MOST = 1000; // what the API gives at once

interface Row {
  id: number;
  at: string;
  actor: string;
  address: string;
  action: string;
  object: string;
  old: Record<string, unknown> | null;
  new: Record<string, unknown> | null;
  reason: string | null;
  hash: string;
}

export class AuditElement extends Part {
  private limit = AT_ONCE;
  private wanted = "";

  protected async draw(): Promise<Node[]> {
    const { rows, first_broken_row: broken } = await get<{ rows: Row[]; first_broken_row: number | null }>(`/audit?limit=${this.limit}`);
    const list = h("div");
    const search = h("input", { class: "input search", type: "search", "aria-label": t("admin.audit.search"), placeholder: t("admin.audit.search"), value: this.wanted,
      input: () => { this.wanted = search.value; show(); } });
    const show = (): void => list.replaceChildren(this.listing(rows));
    show();
    const more = rows.length === this.limit && this.limit < MOST
      ? h("button", { type: "button", class: "button small", click: () => { this.limit = Math.min(MOST, this.limit * 3); void this.load(); } }, t("more")) : null;
    const shown = panel(t("admin.audit.title"), list, h("footer", { class: "book-end" }, h("p", { class: "muted" }, t("admin.audit.count", { n: rows.length })), more));
    shown.querySelector("header")!.append(search);
    return [chain(broken), shown];
  }

  private listing(rows: Row[]): HTMLElement {
    const wanted = this.wanted.toLowerCase();
    const fit = rows.filter((row) => !wanted || JSON.stringify(row).toLowerCase().includes(wanted));
    if (!fit.length) return h("p", { class: "nothing" }, t("admin.audit.none_found"));
    return table(t("admin.audit.title"), [t("admin.audit.at"), t("admin.audit.actor"), t("admin.audit.action"), t("admin.audit.object"), t("admin.audit.change")], fit.map(cells));
  }
}

/** Whether the record is whole: what was altered must be seen by whoever looks. */
function chain(broken: number | null): HTMLElement {
  return broken === null
    ? h("p", { class: "notice good" }, icon("circle-check"), h("span", {}, t("admin.audit.whole")))
    : h("p", { class: "broken", role: "alert" }, icon("circle-alert"), h("span", {}, t("admin.audit.broken", { row: broken })));
}

function cells(row: Row): (Node | string)[] {
  const at = Date.parse(row.at);
  return [
    h("span", { class: "when" }, `${day(at)} ${clock(at)}`, h("span", { class: "sub" }, t("admin.audit.row", { n: row.id }))),
    h("span", {}, row.actor, h("span", { class: "sub" }, row.address)),
    h("span", { class: "mono when" }, row.action),
    row.object,
    h("span", {}, changes(row), row.reason && h("span", { class: "sub" }, t("admin.audit.reason", { reason: row.reason }))),
  ];
}

function changes({ old, new: now }: Row): Node | string {
  const names = [...new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])].filter((name) => JSON.stringify(old?.[name]) !== JSON.stringify(now?.[name]));
  if (!names.length) return "";
  return h("details", {}, h("summary", {}, names.slice(0, 3).join(", ") + (names.length > 3 ? " …" : "")),
    h("dl", { class: "changes mono" }, ...names.flatMap((name) => [h("dt", {}, name), h("dd", {}, `${told(old?.[name])} → ${told(now?.[name])}`)])));
}

function told(value: unknown): string {
  return value === undefined || value === null ? "—" : typeof value === "string" ? value : JSON.stringify(value);
}
