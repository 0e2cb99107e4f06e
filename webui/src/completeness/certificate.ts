// One device: every range that is missing, late or gone, with its cause in words; the longest part of the answer.

import { h } from "../dom.ts";
import { age, number, stamp } from "../format.ts";
import { table } from "../table.ts";
import { t } from "../text.ts";
import type { Certificate, Range } from "./model.ts";

const AT_ONCE = 100;

export function ranges(found: Certificate, most = AT_ONCE): HTMLElement {
  const place = h("div", {});
  const draw = (number_: number): void => {
    const columns = [t("completeness.from"), t("completeness.until"), t("completeness.lasted"), t("completeness.rows"), t("completeness.what_column"), t("completeness.cause_column")];
    const shown = found.ranges.slice(0, number_);
    place.replaceChildren(table(t("completeness.ranges_of", { device: found.device }), columns, shown.map(row)));
    if (found.ranges.length > number_) {
      place.append(h("button", { type: "button", class: "button small", click: () => draw(number_ + AT_ONCE) }, t("completeness.further", { n: found.ranges.length - number_ })));
    }
  };
  if (!found.ranges.length) return h("p", { class: "nothing" }, found.counts.expected ? t("completeness.no_ranges") : t("completeness.nothing_expected"));
  draw(most);
  return place;
}

function row(range: Range): (Node | string)[] {
  return [
    time(range.from), time(range.to), age(range.to - range.from),
    `${range.exact ? "" : "≈ "}${number(range.rows, 0)}`,
    h("span", { class: range.what === "missing" ? "word on" : "word" }, t(`completeness.what.${range.what}`)),
    cause(range),
  ];
}

function cause({ cause: why, behind, reset }: Range): HTMLElement {
  return h("span", {}, t(`completeness.cause.${why}`),
    behind && h("span", { class: "sub" }, t("completeness.behind", { cause: t(`completeness.cause.${behind}`) })),
    reset && h("span", { class: "sub" }, t("completeness.reset", { reset })));
}

function time(ms: number): HTMLElement {
  return h("time", { datetime: new Date(ms).toISOString(), class: "number" }, stamp(ms).slice(0, 19).replace("T", " "));
}
