// The command palette: pages, devices, machines, alerts and actions by a few letters.

import { h, icon } from "../dom.ts";
import { plant } from "../plant.ts";
import { chip } from "../priority.ts";
import { t } from "../text.ts";
import { words } from "../value.ts";
import { matching, type Entry } from "./match.ts";

const go = (path: string) => (): void => location.assign(path);

class Palette {
  private shown: Entry[] = [];
  private chosen = 0;
  private readonly list = h("ul", { id: "palette-list", class: "palette-list", role: "listbox", "aria-label": t("palette.found") });
  private readonly none = h("p", { class: "nothing", role: "status", hidden: true }, t("palette.none"));
  private readonly input = h("input", {
    class: "palette-input", type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-autocomplete": "list",
    "aria-label": t("palette.label"), placeholder: t("palette.label"), autocomplete: "off", spellcheck: "false", maxlength: 100,
    input: () => this.show(), keydown: (event) => this.typed(event as KeyboardEvent),
  });
  private readonly dialog = h("dialog", { class: "palette", "aria-label": t("palette.title"), click: (event) => event.target === this.dialog && this.dialog.close() },
    h("div", { class: "palette-head" }, icon("search"), this.input, h("kbd", { "aria-hidden": "true" }, "Esc")), this.list, this.none,
    h("p", { class: "palette-help muted", "aria-hidden": "true" }, t("palette.help")));

  open(): void {
    if (this.dialog.open) return this.dialog.close();
    if (!this.dialog.isConnected) document.body.append(this.dialog);
    this.input.value = "";
    this.dialog.showModal();
    this.show();
  }

  private show(): void {
    const everything = entries();
    const typed = this.input.value.trim();
    this.shown = matching(typed ? everything : everything.filter(({ group }) => group === "pages" || group === "actions"), typed);
    this.chosen = 0;
    this.none.hidden = this.shown.length > 0;
    this.list.replaceChildren(...this.shown.map((entry, place) =>
      h("li", { id: `palette-${place}`, role: "option", "aria-selected": "false", click: () => this.run(place), pointermove: () => this.choose(place) },
        entry.icon(), h("span", { class: "palette-name" }, entry.name), h("span", { class: "palette-detail muted" }, entry.detail))));
    this.choose(0);
  }

  private choose(place: number): void {
    this.chosen = place;
    [...this.list.children].forEach((option, each) => option.setAttribute("aria-selected", String(each === place)));
    if (this.shown.length) this.input.setAttribute("aria-activedescendant", `palette-${place}`);
    else this.input.removeAttribute("aria-activedescendant");
    this.list.children[place]?.scrollIntoView({ block: "nearest" });
  }

  private typed(event: KeyboardEvent): void {
    const count = this.shown.length;
    const moves: Record<string, number> = { ArrowDown: this.chosen + 1, ArrowUp: this.chosen - 1, PageDown: count - 1, PageUp: 0 };
    if (event.key === "Enter") this.run(this.chosen);
    else if (event.key in moves && count) this.choose((moves[event.key]! + count) % count);
    else return;
    event.preventDefault();
  }

  private run(place: number): void {
    this.dialog.close();
    this.shown[place]?.run();
  }
}

function entries(): Entry[] {
  return [...pages(), ...alerts(), ...devices(), ...machines(), ...actions()];
}

/** What the navigation and the tabs of this page lead to: nothing that this person may not see. */
function pages(): Entry[] {
  const found = new Map<string, Entry>();
  for (const link of document.querySelectorAll<HTMLAnchorElement>(".sidenav li a, .parts li a")) {
    const name = (link.querySelector("span") ?? link).textContent!.trim();
    if (!found.has(link.href)) found.set(link.href, { group: "pages", icon: () => icon("arrow-right"), name, detail: t("palette.page"), run: go(link.href) });
  }
  return [...found.values()];
}

function devices(): Entry[] {
  return [...plant.devices.values()].map(({ device, state, received_at }) => ({
    group: "devices", icon: () => icon("cpu"), name: device.name,
    detail: [device.machine, device.area, words(state, received_at)].filter(Boolean).join(" · "),
    run: go(`/dashboard/devices/${device.id}`),
  }));
}

function machines(): Entry[] {
  const found = new Map<string, Entry>();
  for (const { device } of plant.devices.values()) {
    if (!device.machine || found.has(device.machine)) continue;
    found.set(device.machine, {
      group: "machines", icon: () => icon("factory"), name: device.machine, detail: [t("palette.machine"), device.area].filter(Boolean).join(" · "),
      run: go(`/dashboard/devices?q=${encodeURIComponent(device.machine)}`),
    });
  }
  return [...found.values()];
}

function alerts(): Entry[] {
  return [...plant.alerts.values()].map(({ id, message, device, priority }) => ({
    group: "alerts", icon: () => chip(priority), name: message, detail: `${t("palette.alert")} · ${device}`, run: go(`/dashboard/alerts?alert=${id}`),
  }));
}

/** What the menus of the page do, by pressing their own buttons. */
function actions(): Entry[] {
  const pressed = (selector: string, symbol: () => Node, detail: string): Entry[] =>
    [...document.querySelectorAll<HTMLButtonElement>(selector)].map((button) => ({
      group: "actions", icon: symbol, name: button.textContent!.trim(), detail, run: () => button.click(),
    }));
  return [
    ...pressed("[data-theme-choice]", () => icon("contrast"), t("palette.colours")),
    ...pressed("button[name=language]", () => icon("languages"), t("palette.language")),
    { group: "actions", icon: () => icon("maximize"), name: t("palette.kiosk"), detail: t("palette.kiosk_detail"), run: go("/dashboard?kiosk=1") },
    ...pressed("[data-sign-out] button", () => icon("log-out"), t("palette.session")),
  ];
}

export const palette = new Palette();
