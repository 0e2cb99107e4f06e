// Files to take along: one that fails is told on the page, not saved in the place of what was wanted.

import { file, Trouble } from "./api.ts";
import { h, icon, setText } from "./dom.ts";
import { t } from "./text.ts";

const KEPT_MS = 60_000;

export function save(data: Blob, name: string): void {
  const url = URL.createObjectURL(data);
  h("a", { href: url, download: name.replace(/[^\p{L}\p{N}._-]+/gu, "-") }).click();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

/** A button for each address; `name` is read out where the words alone do not tell what it is. */
export function files(wanted: readonly { path: string; words: string; name?: string }[]): HTMLElement {
  const trouble = h("p", { class: "wrong", role: "alert" });
  return h("div", { class: "files" }, trouble, ...wanted.map(({ path, words, name }) => {
    const button = h("button", { type: "button", class: "button small", "aria-label": name, click: () => void take(path, button, trouble) },
      icon("download"), words);
    return button;
  }));
}

async function take(path: string, button: HTMLElement, trouble: HTMLElement): Promise<void> {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  setText(trouble, "");
  try {
    const { data, name } = await file(path);
    save(data, name);
  } catch (error) {
    setText(trouble, error instanceof Trouble ? error.message : t("error.title"));
  } finally {
    button.removeAttribute("aria-busy");
  }
}
