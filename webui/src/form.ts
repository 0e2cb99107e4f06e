// Forms that are sent to the API: its words about a field stand at that field.

import { Trouble } from "./api.ts";
import { h, setText } from "./dom.ts";
import { t } from "./text.ts";

type Attributes = Record<string, string | number | boolean | null | undefined>;
type Choice = readonly [value: string, words: string];

/** One thing to be filled in. `read` gives what the API takes. */
export interface Field {
  name: string;
  element: HTMLElement;
  read(): unknown;
  wrong(words: string): void;
}

let made = 0;

function labelled(name: string, label: string, input: HTMLElement, hint: string, read: () => unknown): Field {
  const id = `field-${++made}`;
  const trouble = h("p", { class: "wrong", id: `${id}-wrong`, role: "alert" });
  input.id = id;
  input.setAttribute("aria-describedby", hint ? `${id}-wrong ${id}-hint` : `${id}-wrong`);
  return {
    name, read,
    element: h("div", { class: "field", "data-field": name }, h("label", { for: id }, label), input, hint && h("p", { class: "hint", id: `${id}-hint` }, hint), trouble),
    wrong: (words) => {
      setText(trouble, words);
      if (words) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
  };
}

export function text(name: string, label: string, attributes: Attributes = {}, hint = ""): Field {
  const input = h("input", { class: "input", autocomplete: "off", ...attributes });
  return labelled(name, label, input, hint, () => input.value.trim());
}

export function lines(name: string, label: string, attributes: Attributes = {}, hint = ""): Field {
  const input = h("textarea", { class: "input", rows: 2, ...attributes });
  input.value = String(attributes.value ?? "");
  return labelled(name, label, input, hint, () => input.value.trim());
}

/** A number, null where nothing is written. */
export function amount(name: string, label: string, attributes: Attributes = {}, hint = ""): Field {
  const input = h("input", { class: "input", type: "number", step: "any", ...attributes });
  return labelled(name, label, input, hint, () => (input.value === "" ? null : input.valueAsNumber));
}

export function choice(name: string, label: string, choices: readonly Choice[], value = "", hint = ""): Field {
  const input = h("select", { class: "input" }, ...choices.map(([each, words]) => h("option", { value: each, selected: each === value }, words)));
  return labelled(name, label, input, hint, () => input.value);
}

/** Any of several. */
export function some(name: string, label: string, choices: readonly Choice[], chosen: readonly string[]): Field {
  const id = `field-${++made}`;
  const boxes = choices.map(([value, words]) => ({ value, words, box: h("input", { type: "checkbox", checked: chosen.includes(value) }) }));
  const trouble = h("p", { class: "wrong", role: "alert" });
  return {
    name,
    element: h("div", { class: "field", role: "group", "aria-labelledby": id, "data-field": name }, h("p", { class: "label", id }, label),
      ...boxes.map(({ words, box }) => h("label", { class: "check" }, box, words)), trouble),
    read: () => boxes.filter(({ box }) => box.checked).map(({ value }) => value),
    wrong: (words) => setText(trouble, words),
  };
}

export function check(name: string, label: string, checked = false): Field {
  const box = h("input", { type: "checkbox", checked });
  const trouble = h("p", { class: "wrong", role: "alert" });
  return { name, element: h("div", { class: "field", "data-field": name }, h("label", { class: "check" }, box, label), trouble), read: () => box.checked, wrong: (words) => setText(trouble, words) };
}

export type Given = Record<string, unknown>;

export class Form {
  private readonly trouble = h("p", { class: "wrong", role: "alert" });
  private readonly button: HTMLButtonElement;
  readonly element: HTMLFormElement;

  constructor(private readonly fields: readonly Field[], words: string, private readonly deed: (given: Given) => Promise<void>, ...beside: HTMLElement[]) {
    this.button = h("button", { class: "button primary" }, words);
    this.element = h("form", { class: "form", submit: (event) => { event.preventDefault(); void this.send(); } },
      ...fields.map(({ element }) => element), this.trouble, h("div", { class: "form-end" }, this.button, ...beside));
  }

  given(): Given {
    return Object.fromEntries(this.fields.map((field) => [field.name, field.read()]));
  }

  private async send(): Promise<void> {
    if (this.button.getAttribute("aria-busy") === "true") return;
    this.button.setAttribute("aria-busy", "true");
    this.told("");
    try {
      await this.deed(this.given());
    } catch (trouble) {
      this.told(trouble instanceof Trouble ? trouble.message : t("error.title"));
    } finally {
      this.button.removeAttribute("aria-busy");
    }
  }

  /** The API names the place as $.field; what names none is about the whole. */
  told(words: string): void {
    const place = /\$\.(?:\w+\.)?(\w+)/.exec(words)?.[1];
    const field = this.fields.find(({ name }) => name === place);
    for (const each of this.fields) each.wrong(each === field ? words : "");
    setText(this.trouble, field ? "" : words);
    field?.element.querySelector<HTMLElement>("input, select, textarea")?.focus();
  }
}
