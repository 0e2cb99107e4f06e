// Tables that become cards where there is no room for columns.

import { h } from "./dom.ts";

type Cell = Node | string | null | false;

export function table(label: string, columns: readonly string[], rows: readonly (readonly Cell[])[]): HTMLElement {
  const body = rows.map((cells) => h("tr", {}, ...cells.map((cell, place) =>
    place === 0 ? h("th", { scope: "row" }, cell) : h("td", { "data-label": columns[place] }, cell))));
  return h("div", { class: "table-scroll listing", tabindex: 0, role: "group", "aria-label": label },
    h("table", { "aria-label": label },
      h("thead", {}, h("tr", {}, ...columns.map((words) => h("th", { scope: "col" }, words || h("span", { class: "sr" }, "·"))))),
      h("tbody", {}, ...body)));
}

/** Buttons of a row. */
export function deeds(...buttons: (HTMLElement | null | false)[]): HTMLElement {
  return h("div", { class: "row-deeds" }, ...buttons);
}

export function deed(words: string, name: string, click: () => void): HTMLButtonElement {
  return h("button", { type: "button", class: "button small", "aria-label": `${words}: ${name}`, click }, words);
}
