// The live state in the top bar, and the banner that says when what is shown is no longer true.

import { h, icon, setText } from "../dom.ts";
import { Element } from "../element.ts";
import { age, clock, offset, zone } from "../format.ts";
import { plant } from "../plant.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";

export class LiveElement extends Element {
  private readonly glyph = h("span", { class: "glyph", "aria-hidden": "true" });
  private readonly word = h("span");
  private readonly ago = h("span", { class: "ago muted" });
  private readonly time = h("span", { class: "time" });
  private readonly zone = h("span", { class: "zone muted" });

  protected begin(signal: AbortSignal): void {
    this.replaceChildren(
      h("span", { class: "state" }, this.glyph, this.word, this.ago),
      h("span", { class: "plant-clock", title: t("live.clock") }, icon("clock"), this.time, this.zone),
    );
    plant.on("second", () => this.show(), signal);
    plant.on("changed", () => this.show(), signal);
    plant.on("connection", () => this.show(), signal);
    this.show();
  }

  private show(): void {
    const { connection } = plant;
    this.dataset.connection = start.replay ? "replay" : connection;
    if (start.replay) return this.showPast();
    setText(this.glyph, connection === "live" ? "●" : "◐");
    setText(this.word, t(`live.${connection}`));
    setText(this.ago, connection === "live" ? this.newest() : "");
    setText(this.time, clock(plant.now()));
    setText(this.zone, `${zone.name} ${offset(plant.now())}`);
  }

  /** Nothing here may look like the present. */
  private showPast(): void {
    setText(this.glyph, "↺");
    setText(this.word, t("live.replay"));
  }

  private newest(): string {
    return plant.newestAt ? t("live.ago", { age: age(plant.now() - plant.newestAt) }) : t("live.none");
  }
}

export class BannerElement extends Element {
  private readonly ticking = h("span", { "aria-hidden": "true" });
  private readonly said = h("span", { class: "sr", role: "status" });

  protected begin(signal: AbortSignal): void {
    this.replaceChildren(icon("unplug"), this.ticking, this.said);
    plant.on("connection", () => this.announce(), signal);
    plant.on("second", () => this.show(), signal);
    this.show();
  }

  /** Said once; what ticks on the screen is not read out every second. */
  private announce(): void {
    this.show();
    const { connection } = plant;
    if (connection === "lost") setText(this.said, this.words());
    else if (this.said.textContent) setText(this.said, t("live.back"));
  }

  private show(): void {
    this.classList.toggle("lost", plant.connection === "lost");
    document.body.classList.toggle("lost", plant.connection === "lost");
    if (plant.connection === "lost") setText(this.ticking, this.words());
  }

  private words(): string {
    return t("live.banner", { age: age(Date.now() - plant.heardAt), time: clock(plant.shownAt()) });
  }
}
