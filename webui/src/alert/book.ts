// The alerts of this plant, or of the device that the page is about: open ones from the stream, closed ones when wanted.

import { get } from "../api.ts";
import type { Alert } from "../model.ts";
import { plant } from "../plant.ts";
import { start } from "../start.ts";

const MOST = 1000;

class Book extends EventTarget {
  trouble: unknown;
  /** Whether closed alerts have been loaded, and whether there are more than were. */
  closed: "unknown" | "all" | "most" = "unknown";
  private readonly past = new Map<number, Alert>();
  private listening = false;

  /** Load the closed ones, and keep them true. */
  async want(): Promise<void> {
    if (!this.listening) {
      this.listening = true;
      plant.addEventListener("snapshot", () => void this.load());
      plant.addEventListener("alert", (event) => this.keep((event as CustomEvent<Alert>).detail));
    }
    if (this.closed === "unknown") await this.load();
  }

  /** Open ones, and the closed ones that are known. */
  alerts(): Alert[] {
    const open = [...plant.alerts.values()].filter(ours);
    return [...open, ...[...this.past.values()].filter(({ id }) => !plant.alerts.has(id))];
  }

  private async load(): Promise<void> {
    const query = new URLSearchParams({ state: "closed", limit: String(MOST) });
    if (start.device !== null) query.set("device_id", String(start.device));
    try {
      const { alerts } = await get<{ alerts: Alert[] }>(`/alerts?${query}`);
      for (const alert of alerts) if (ours(alert)) this.past.set(alert.id, alert);
      this.closed = alerts.length < MOST ? "all" : "most";
      this.trouble = undefined;
    } catch (trouble) {
      this.trouble = trouble;
    }
    this.dispatchEvent(new Event("change"));
  }

  private keep(alert: Alert): void {
    if (alert.state === "closed" && ours(alert)) this.past.set(alert.id, alert);
    this.dispatchEvent(new Event("change"));
  }
}

function ours(alert: Alert): boolean {
  return alert.factory_id === start.factory && (start.device === null || alert.device_id === start.device);
}

export const book = new Book();
