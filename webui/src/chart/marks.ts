// What happened at one device: its alarms, and the incidents that people have marked.

import { get } from "../api.ts";
import type { Alert, Incident } from "../model.ts";
import { plant } from "../plant.ts";
import { bounds, type View } from "./view.ts";

const MOST = 1000;

export class Marks {
  alerts: Alert[] = [];
  incidents: Incident[] = [];
  private device: number | undefined;
  private view: View | undefined;
  private asked = 0;

  constructor(private readonly changed: () => void) {}

  begin(signal: AbortSignal): void {
    plant.on("alert", (event) => event.detail.device_id === this.device && void this.load(), signal);
    plant.on("snapshot", () => void this.load(), signal);
  }

  look(device: number | undefined, view: View): void {
    if (device === this.device && view === this.view) return;
    if (device !== this.device) this.alerts = this.incidents = [];
    this.device = device;
    this.view = view;
    void this.load();
  }

  /** What cannot be loaded now is asked for again with the next change; the line is there without it. */
  async load(): Promise<void> {
    if (!this.device || !this.view) return;
    const asked = ++this.asked;
    const device = String(this.device);
    const query = new URLSearchParams({ state: "all", device_id: device, limit: String(MOST) });
    if (!this.view.live) query.set("to", new Date(bounds(this.view, 0)[1]).toISOString());
    const wanted = await Promise.all([
      get<{ alerts: Alert[] }>(`/alerts?${query}`),
      get<{ incidents: Incident[] }>(`/incidents?device_id=${device}`),
    ]).catch(() => undefined);
    if (!wanted || asked !== this.asked) return;
    this.alerts = wanted[0].alerts;
    this.incidents = wanted[1].incidents;
    this.changed();
  }
}
