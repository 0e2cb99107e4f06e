// A block that shows what the API answers, and asks again after a change or a failure.

import { h } from "./dom.ts";
import { Element, failure } from "./element.ts";
import { t } from "./text.ts";

export abstract class Part extends Element {
  protected begin(signal: AbortSignal): void {
    this.replaceChildren(h("p", { class: "nothing" }, t("loading")));
    void this.load(signal);
  }

  /** Ask, and show; used again after every change. */
  protected async load(signal?: AbortSignal): Promise<void> {
    try {
      const shown = await this.draw();
      if (!signal?.aborted) this.replaceChildren(...shown);
    } catch (trouble) {
      this.replaceChildren(failure(trouble, () => void this.load()));
    }
  }

  protected abstract draw(): Promise<Node[]>;
}

export function panel(title: string, ...inside: (Node | string | null | false)[]): HTMLElement {
  return h("section", { class: "panel" }, h("header", {}, h("h2", {}, title)), ...inside);
}

export function empty(title: string, next: string): HTMLElement {
  return h("p", { class: "nothing" }, h("span", {}, h("strong", {}, title), h("br"), next));
}
