// The key figures: asked for at the start, then twice a minute, shared by all elements.

import { get } from "./api.ts";
import type { Overview } from "./model.ts";
import { plant } from "./plant.ts";
import { start } from "./start.ts";

const AGAIN_MS = 30_000;

class Figures extends EventTarget {
  overview: Overview | undefined;
  trouble: unknown;
  private next: ReturnType<typeof setTimeout> | undefined;
  private opened = false;
  private readonly first = new Promise<void>((done) => this.addEventListener("change", () => done(), { once: true }));

  /** What is below the figures waits for them: the appliance answers first what is looked at first. */
  async answered(): Promise<void> {
    if (this.opened) await this.first;
  }

  open(): void {
    this.opened = true;
    void this.load();
    plant.addEventListener("connection", () => plant.connection === "live" && this.overview && void this.load());
    document.addEventListener("visibilitychange", () => document.hidden || void this.load());
  }

  async load(): Promise<void> {
    clearTimeout(this.next);
    try {
      this.overview = await get<Overview>(`/insights/overview?factory_id=${start.factory}`);
      this.trouble = undefined;
    } catch (trouble) {
      this.trouble = trouble;
    }
    if (!document.hidden) this.next = setTimeout(() => void this.load(), AGAIN_MS);
    this.dispatchEvent(new Event("change"));
  }
}

export const figures = new Figures();
