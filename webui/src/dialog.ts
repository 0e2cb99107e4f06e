// Dialogs: to fill something in, to be asked before what cannot be undone, to be shown a secret once.

import { Trouble } from "./api.ts";
import { h, icon } from "./dom.ts";
import { Form, text, type Field, type Given } from "./form.ts";
import { t } from "./text.ts";

let made = 0;

export function dialog(title: string, ...inside: (Node | string)[]): HTMLDialogElement {
  const id = `dialog-${++made}`;
  const opened = h("dialog", { class: "ask", "aria-labelledby": id, close: () => opened.remove() },
    h("header", {}, h("h2", { id }, title),
      h("button", { type: "button", class: "ghost square", "aria-label": t("close"), click: () => opened.close() }, icon("x"))),
    ...inside);
  document.body.append(opened);
  opened.showModal();
  return opened;
}

/** A form in a dialog, which closes when the deed is done. */
export function fillIn(title: string, fields: readonly Field[], words: string, deed: (given: Given) => Promise<void>, about = ""): HTMLDialogElement {
  const cancel = h("button", { type: "button", class: "button", click: () => opened.close() }, t("cancel"));
  const form = new Form(fields, words, async (given) => {
    await deed(given);
    opened.close();
  }, cancel);
  const opened = dialog(title, about && h("p", { class: "muted" }, about), form.element);
  fields[0]?.element.querySelector<HTMLElement>("input, select, textarea")?.focus();
  return opened;
}

/** For what cannot be undone: its name must be typed. */
export function destroy(title: string, about: string, name: string, words: string, deed: () => Promise<void>): void {
  const typed = text("name", t("type_name", { name }), { required: true });
  fillIn(title, [typed], words, async (given) => {
    if (given.name !== name) throw new Trouble(t("wrong_name"));
    await deed();
  }, about);
}

/** Something that is told this once, to be copied. */
export function secret(title: string, about: string, value: string, more: Node | string = ""): HTMLDialogElement {
  const said = h("span", { class: "muted", role: "status" });
  const copy = h("button", { type: "button", class: "button small", click: () => void navigator.clipboard.writeText(value).then(() => { said.textContent = t("copied"); }) }, icon("copy"), t("copy"));
  return dialog(title, h("p", {}, about), h("p", { class: "secret" }, h("code", {}, value), copy, said), more);
}
