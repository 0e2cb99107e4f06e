// What all elements share: listeners that end with the element, and the "could not load" face of a block.

import { Trouble } from "./api.ts";
import { h, icon } from "./dom.ts";
import { t } from "./text.ts";

export abstract class Element extends HTMLElement {
  private ending = new AbortController();

  connectedCallback(): void {
    this.ending = new AbortController();
    this.begin(this.ending.signal);
  }

  disconnectedCallback(): void {
    this.ending.abort();
  }

  protected abstract begin(signal: AbortSignal): void;
}

export function failure(trouble: unknown, retry: () => void): HTMLElement {
  const known = trouble instanceof Trouble ? trouble : new Trouble(String(trouble));
  return h(
    "div", { class: "failure", role: "alert" },
    icon("circle-alert"),
    h("p", {}, h("strong", {}, t("error.title")), " ", known.message,
      known.instance && h("span", { class: "mono" }, " ", t("error.reference", { instance: known.instance }))),
    h("button", { type: "button", class: "button small", click: retry }, t("error.retry")),
  );
}
