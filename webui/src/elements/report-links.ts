// The dashboard's way to the reports: of each kind the last one that is over, to be read or taken along.

import { get } from "../api.ts";
import { h, icon } from "../dom.ts";
import { Element, failure } from "../element.ts";
import { files } from "../file.ts";
import type { Available } from "../model.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";
import { told } from "./reports.ts";

export class ReportLinksElement extends Element {
  private readonly list = h("ul", { class: "report-links" });

  protected begin(): void {
    this.replaceChildren(h("header", {}, this.querySelector("h2")!), this.list);
    void this.load();
  }

  private async load(): Promise<void> {
    try {
      const { reports } = await get<{ reports: Available[] }>("/reports");
      this.list.replaceChildren(...reports.filter(({ factory_id }) => factory_id === start.factory).map(entry));
    } catch (trouble) {
      this.list.replaceChildren(h("li", {}, failure(trouble, () => void this.load())));
    }
  }
}

function entry({ factory_id, kind, last }: Available): HTMLElement {
  const name = t(`reports.kind.${kind}`);
  const asked = new URLSearchParams({ factory_id: String(factory_id), period: last.name });
  return h("li", {}, icon("file-text"),
    h("span", { class: "about" }, h("a", { class: "where", href: `/dashboard/reports?factory=${factory_id}&kind=${kind}&period=${last.name}` }, name),
      h("span", { class: "muted" }, told(last.name))),
    files(["PDF", "CSV"].map((format) => ({
      path: `/reports/${kind}?${asked}&format=${format.toLowerCase()}`, words: format, name: t("reports.download", { name, format }),
    }))));
}
