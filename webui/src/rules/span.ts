// A length of time as people write it: a number and its unit. The API takes seconds.

import { h, setText } from "../dom.ts";
import type { Field } from "../form.ts";
import { t } from "../text.ts";

const UNITS = [["s", 1], ["min", 60], ["h", 3600]] as const;
let made = 0;

/** `empty`: what nothing written means. */
export function span(name: string, label: string, seconds: number | null, empty: number | null = 0): Field {
  const id = `span-${++made}`;
  const unit = [...UNITS].reverse().find(([, size]) => seconds && seconds % size === 0) ?? UNITS[0];
  const input = h("input", { class: "input", id, type: "number", step: "any", min: 0, value: seconds === null || (seconds === 0 && empty === 0) ? "" : seconds / unit[1], placeholder: "0", "aria-describedby": `${id}-wrong` });
  const units = h("select", { class: "input", "aria-label": t("rules.unit_of", { field: label }) },
    ...UNITS.map(([each, size]) => h("option", { value: size, selected: each === unit[0] }, t(`rules.unit.${each}`))));
  const trouble = h("p", { class: "wrong", role: "alert", id: `${id}-wrong` });
  return {
    name,
    element: h("div", { class: "field span-field", "data-field": name }, h("label", { for: id }, label), h("div", { class: "time-span" }, input, units), trouble),
    read: () => (input.value === "" ? empty : input.valueAsNumber * Number(units.value)),
    wrong: (words) => setText(trouble, words),
  };
}
