// The same data as a table, for those who read numbers rather than lines.

import { h } from "../dom.ts";
import { clock, day, number, zone } from "../format.ts";
import type { Series } from "../model.ts";
import { t } from "../text.ts";

export function table(series: Series, name: string): HTMLTableElement {
  const raw = series.source === "raw";
  const heads = raw ? [t("chart.value")] : [t("chart.min"), t("chart.mean"), t("chart.max")];
  const columns = raw ? ["value"] : ["min", "mean", "max"];
  const unit = series.unit_label ? ` ${series.unit_label}` : "";
  const rows = series.times.map((time, place) =>
    h("tr", {}, h("th", { scope: "row" }, `${day(time)} ${clock(time)}`),
      ...columns.map((column) => h("td", { class: "right" }, number(series.columns[column]![place]!, series.digits)))),
  );
  return h("table", { "aria-label": name },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t("chart.time", { zone: zone.name })),
      ...heads.map((head) => h("th", { scope: "col", class: "right" }, head + unit)))),
    h("tbody", {}, ...rows.reverse()));
}
