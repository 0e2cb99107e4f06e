// Alerts that the API keeps and the stream does not: closed and shelved ones, page by page.

import { get } from "../api.ts";
import type { Alert } from "../model.ts";
import { start } from "../start.ts";

const AT_ONCE = 50;

export interface Wanted {
  state: "shelved" | "closed";
  text: string;
  priority: number | null;
  device: number | null;
}

export class Past {
  alerts: Alert[] = [];
  total = 0;
  trouble: unknown;
  known = false;
  private next: string | null = null;
  private asked = 0;

  constructor(private readonly changed: () => void) {}

  get more(): boolean {
    return this.next !== null;
  }

  /** From the newest on; an answer that comes after a newer question is not shown. */
  async load(wanted: Wanted, further = false): Promise<void> {
    const number = ++this.asked;
    const query = new URLSearchParams({ state: wanted.state, limit: String(AT_ONCE) });
    const device = start.device ?? wanted.device;
    if (device !== null) query.set("device_id", String(device));
    if (wanted.text) query.set("text", wanted.text);
    if (wanted.priority !== null) query.set("priority", String(wanted.priority));
    if (further && this.next) query.set("before", this.next);
    try {
      const found = await get<{ alerts: Alert[]; next: string | null; total: number }>(`/alerts?${query}`);
      if (number !== this.asked) return;
      this.alerts = further ? [...this.alerts, ...found.alerts] : found.alerts;
      this.next = found.next;
      this.total = found.total;
      this.trouble = undefined;
      this.known = true;
    } catch (trouble) {
      if (number !== this.asked) return;
      this.trouble = trouble;
    }
    this.changed();
  }
}
