// A block that shows what the API answers, and asks again after a change or a failure.

import { h } from "./dom.ts";
import { Element, failure } from "./element.ts";
import { t } from "./text.ts";

export abstract class Part extends Element {
  private asked = 0;

  protected begin(signal: AbortSignal): void {
    this.replaceChildren(h("p", { class: "nothing" }, t("loading")));
    void this.load(signal);
  }

  /** Ask, and show; used again after every change. Who asked last is shown alone. */
  protected async load(signal?: AbortSignal): Promise<void> {
    const asked = ++this.asked;
    const shown = await this.draw().catch((trouble: unknown) => [failure(trouble, () => void this.load())]);
    if (asked === this.asked && !signal?.aborted) this.replaceChildren(...shown);
  }

  protected abstract draw(): Promise<Node[]>;
}

export function panel(title: string, ...inside: (Node | string | null | false)[]): HTMLElement {
  return h("section", { class: "panel" }, h("header", {}, h("h2", {}, title)), ...inside);
}

export function empty(title: string, next: string): HTMLElement {
  return h("p", { class: "nothing" }, h("span", {}, h("strong", {}, title), h("br"), next));
}
