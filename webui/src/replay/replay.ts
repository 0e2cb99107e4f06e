// The time machine: a past hour played through the dashboard, and nothing live beside it.

import { metricsAtLast } from "../catalogue.ts";
import { h, icon, setText } from "../dom.ts";
import { Element, failure } from "../element.ts";
import { clock, day, offset, zone } from "../format.ts";
import type { Metric } from "../model.ts";
import { plant } from "../plant.ts";
import { t } from "../text.ts";
import { Bar } from "./bar.ts";
import { Figures } from "./figures.ts";
import { Lanes } from "./lanes.ts";
import { hourOf, HOUR_MS, Player, SPEEDS } from "./player.ts";

const REMEMBER_MS = 2000;
const FIRST_BACK_MS = HOUR_MS;

export class ReplayElement extends Element {
  private readonly player = new Player(asked());
  private readonly bar = new Bar((at) => void this.player.seek(at));
  private readonly figures = new Figures();
  private readonly lanes = new Lanes();
  private readonly moment = h("strong", { class: "time" });
  private readonly said = h("span", { class: "sr", role: "status" });
  private readonly message = h("div");
  private readonly field = h("input", { type: "datetime-local", step: 1, class: "input", id: "replay-moment", required: true });
  private readonly play = h("button", { type: "button", class: "button primary", click: () => this.player.play(!this.player.playing) });
  private readonly earlier = this.stepper(-1, icon("skip-back"));
  private readonly later = this.stepper(1, icon("skip-forward"));
  private readonly speeds = new Map(SPEEDS.map((speed) => [speed, h("button", { type: "button", click: () => this.turn(speed) }, `×${speed}`)]));
  private readonly heading = h("h2", {}, t("loading"));
  private catalogue = new Map<string, Metric>();
  private picked: number | undefined;
  private remembered = 0;

  protected begin(signal: AbortSignal): void {
    const hour = (by: 1 | -1, words: string, symbol: Node): HTMLElement =>
      h("button", { type: "button", class: "ghost square", "aria-label": words, title: words, click: () => void this.player.seek(hourOf(this.player.at) + by * HOUR_MS) }, symbol);
    const form = h("form", { class: "replay-go", submit: (event) => this.go(event) },
      h("label", { for: "replay-moment" }, t("replay.moment", { zone: zone.name })), this.field, h("button", { class: "button" }, t("replay.go")));
    this.replaceChildren(
      h("div", { class: "replay-banner" }, icon("history"), h("p", {}, t("replay.banner"), " ", this.moment, " ", h("span", { class: "zone" }, `${zone.name} ${offset(this.player.at)}`)),
        h("a", { class: "button small", href: `/dashboard${factoryOf()}` }, t("replay.live"))),
      this.said, this.message,
      h("div", { class: "panel replay-panel" },
        h("div", { class: "replay-controls" }, form,
          h("div", { class: "replay-buttons", role: "group", "aria-label": t("replay.controls") }, this.earlier, this.play, this.later),
          h("div", { class: "segments", role: "group", "aria-label": t("replay.speed") }, ...this.speeds.values())),
        h("div", { class: "replay-hour" }, hour(-1, t("replay.hour_before"), icon("chevron-left")), this.bar.element, hour(1, t("replay.hour_after"), icon("chevron-right"))),
        h("p", { class: "muted replay-keys" }, t("replay.keys"))),
      h("div", { class: "panel replay-panel" }, this.figures.element, h("section", { class: "replay-device" }, this.heading, this.lanes.element)));
    this.player.addEventListener("change", () => this.show(), { signal });
    this.player.addEventListener("loading", () => this.setAttribute("aria-busy", "true"), { signal });
    plant.on("pick", (event) => { this.picked = event.detail.device; this.show(); }, signal);
    document.addEventListener("keydown", (event) => this.typed(event), { signal });
    void metricsAtLast().then((found) => { this.catalogue = found; this.show(); });
    this.turn(this.player.speed);
    void this.player.seek(this.player.at);
  }

  private show(): void {
    const { player } = this;
    this.play.replaceChildren(player.playing ? icon("pause") : icon("play"), t(player.playing ? "replay.pause" : "replay.play"));
    if (player.trouble) return this.message.replaceChildren(failure(player.trouble, () => void player.seek(player.at)));
    const { film, at } = player;
    if (!film) return;
    this.removeAttribute("aria-busy");
    setText(this.moment, `${day(at)} ${clock(at)}`);
    this.message.replaceChildren(...this.warnings());
    this.earlier.disabled = player.beside(-1) === undefined;
    this.later.disabled = player.beside(1) === undefined;
    this.bar.show(film, at);
    if (document.activeElement !== this.field) this.field.value = `${day(at)}T${clock(at)}`;
    const statuses = [...plant.devices.values()];
    this.figures.show(statuses, this.catalogue);
    const id = this.picked ?? [...plant.alerts.values()][0]?.device_id ?? statuses[0]?.device.id;
    const device = statuses.find((one) => one.device.id === id)?.device;
    this.heading.hidden = !device;
    setText(this.heading, device ? [device.machine, device.name].filter(Boolean).join(" · ") : "");
    this.lanes.show(film, id, at, this.catalogue);
    this.remember();
  }

  private warnings(): HTMLElement[] {
    const { film } = this.player;
    const told = [film?.gaps && t("replay.unreadable", { n: film.gaps }), film?.more && t("replay.more")].filter((words) => typeof words === "string");
    return told.map((words) => h("p", { class: "notice" }, icon("triangle-alert"), h("span", {}, words)));
  }

  private stepper(by: 1 | -1, symbol: Node): HTMLButtonElement {
    const words = t(by < 0 ? "replay.alert_before" : "replay.alert_after");
    return h("button", { type: "button", class: "button", "aria-label": words, title: words, click: () => this.step(by) }, symbol);
  }

  private step(by: 1 | -1): void {
    const target = this.player.beside(by);
    if (target === undefined) return;
    this.player.step(by);
    setText(this.said, t("replay.at", { time: `${day(target)} ${clock(target)}` }));
  }

  private turn(speed: (typeof SPEEDS)[number]): void {
    this.player.speed = speed;
    for (const [each, button] of this.speeds) button.setAttribute("aria-pressed", String(each === speed));
  }

  private go(event: Event): void {
    event.preventDefault();
    const local = Date.parse(`${this.field.value}Z`);
    if (Number.isNaN(local)) return;
    this.player.play(false);
    void this.player.seek(zone.utc(local));
  }

  /** Keys work where nothing is being written or pressed, and can be switched off with the others. */
  private typed(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (localStorage.getItem("keys") === "off" || event.ctrlKey || event.metaKey || event.altKey || target.closest("input:not([type=range]), textarea, select, dialog")) return;
    const digit = SPEEDS[Number(event.key) - 1];
    if (event.key === " " && !target.closest("button, a, summary")) this.player.play(!this.player.playing);
    else if (event.key === "n") this.step(1);
    else if (event.key === "p") this.step(-1);
    else if (digit !== undefined && event.key !== " ") this.turn(digit);
    else return;
    event.preventDefault();
  }

  /** The address carries the moment, so that it can be handed on. */
  private remember(): void {
    if (this.player.playing && Date.now() - this.remembered < REMEMBER_MS) return;
    this.remembered = Date.now();
    const url = new URL(location.href);
    url.searchParams.set("at", String(Math.round(this.player.at)));
    history.replaceState(null, "", url);
  }
}

function asked(): number {
  const at = Number(new URLSearchParams(location.search).get("at"));
  return at > 0 && at < Date.now() ? at : Date.now() - FIRST_BACK_MS;
}

function factoryOf(): string {
  const factory = new URLSearchParams(location.search).get("factory");
  return factory ? `?factory=${encodeURIComponent(factory)}` : "";
}
