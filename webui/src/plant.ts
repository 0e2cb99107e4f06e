// What this tab knows of the plant: one stream of events, shared by all elements.

import { signIn } from "./api.ts";
import type { Alert, DeviceStatus } from "./model.ts";
import { start } from "./start.ts";

const SILENT_MS = 25_000; // the appliance sends a beat every ten seconds
const LONGEST_WAIT_MS = 10_000;

interface Changes {
  snapshot: Event;
  device: CustomEvent<DeviceStatus>;
  alert: CustomEvent<Alert>;
  /** Anything changed; told once for each frame, however much it was. */
  changed: Event;
  connection: Event;
  second: Event;
  pick: CustomEvent<Pick>;
}

export interface Pick {
  device: number;
  metric?: string;
  /** The time to be looked at. */
  span?: [number, number];
}

class Plant extends EventTarget {
  devices = new Map<number, DeviceStatus>();
  alerts = new Map<number, Alert>();
  connection: "connecting" | "live" | "lost" = "connecting";
  /** When the stream last said anything, in this browser's time. */
  heardAt = Date.now();
  /** When the newest readings came, in the appliance's time; 0: none yet. */
  newestAt = 0;
  private ahead = 0;
  private past: number | undefined;
  private announced = false;
  private wait = 0;
  private quietSince = Date.now();
  private source: EventSource | undefined;

  /** The appliance's time: what it shows does not depend on this computer's clock. */
  now(): number {
    return this.past ?? Date.now() + this.ahead;
  }

  /** When what is shown was true. */
  shownAt(): number {
    return this.heardAt + this.ahead;
  }

  on<K extends keyof Changes>(type: K, listener: (event: Changes[K]) => void, signal: AbortSignal): void {
    this.addEventListener(type, listener as EventListener, { signal });
  }

  pick(picked: Pick): void {
    this.dispatchEvent(new CustomEvent("pick", { detail: picked }));
  }

  open(): void {
    setInterval(() => this.tick(), 1000);
    addEventListener("pagehide", () => this.source?.close());
    addEventListener("pageshow", (event) => event.persisted && this.connect());
    this.connect();
  }

  /** Show a past moment in place of the stream, which is never opened then; anew: another hour. */
  replay(at: number, devices: Plant["devices"], alerts: Plant["alerts"], anew: boolean): void {
    const [knownDevices, knownAlerts] = [this.devices, this.alerts];
    this.past = at;
    this.devices = devices;
    this.alerts = alerts;
    this.connection = "live";
    if (anew) this.dispatchEvent(new Event("snapshot"));
    else {
      for (const [id, detail] of devices) if (knownDevices.get(id) !== detail) this.dispatchEvent(new CustomEvent("device", { detail }));
      for (const [id, detail] of alerts) if (knownAlerts.get(id) !== detail) this.dispatchEvent(new CustomEvent("alert", { detail }));
      for (const [id, alert] of knownAlerts) if (!alerts.has(id)) this.dispatchEvent(new CustomEvent("alert", { detail: { ...alert, state: "closed" } }));
    }
    this.dispatchEvent(new Event("second"));
    this.announce();
  }

  private connect(): void {
    this.source?.close();
    const source = new EventSource("/live");
    this.source = source;
    this.quietSince = Date.now();
    source.addEventListener("snapshot", (event) => this.begin(JSON.parse(event.data)));
    source.addEventListener("device", (event) => this.deviceChanged(JSON.parse(event.data).device));
    source.addEventListener("alert", (event) => this.alertChanged(JSON.parse(event.data).alert));
    source.addEventListener("beat", (event) => this.heard(JSON.parse(event.data).now));
    source.addEventListener("error", () => this.lost());
  }

  private begin(snapshot: { now: string; devices: DeviceStatus[]; alerts: Alert[] }): void {
    this.heard(snapshot.now);
    this.wait = 0;
    this.devices = new Map(snapshot.devices.filter(({ device }) => ours(device)).map((status) => [status.device.id, status]));
    this.alerts = new Map(snapshot.alerts.filter(ours).map((alert) => [alert.id, alert]));
    this.devices.forEach((status) => this.came(status));
    this.setConnection("live");
    this.dispatchEvent(new Event("snapshot"));
    this.announce();
  }

  private deviceChanged(status: DeviceStatus): void {
    this.heard();
    if (!ours(status.device)) return;
    this.devices.set(status.device.id, status);
    this.came(status);
    this.dispatchEvent(new CustomEvent("device", { detail: status }));
    this.announce();
  }

  private alertChanged(alert: Alert): void {
    this.heard();
    this.told(alert);
  }

  /** An alert as it is now, told by the stream or by the answer to what this tab did. */
  told(alert: Alert): void {
    if (!ours(alert)) return;
    if (alert.state === "closed" || alert.shelved_until || alert.suppressed_at) this.alerts.delete(alert.id);
    else this.alerts.set(alert.id, alert);
    this.dispatchEvent(new CustomEvent("alert", { detail: alert }));
    this.announce();
  }

  private came({ received_at: at }: DeviceStatus): void {
    if (at) this.newestAt = Math.max(this.newestAt, Date.parse(at));
  }

  private announce(): void {
    if (this.announced) return;
    this.announced = true;
    requestAnimationFrame(() => {
      this.announced = false;
      this.dispatchEvent(new Event("changed"));
    });
  }

  private heard(now?: string): void {
    this.heardAt = this.quietSince = Date.now();
    if (now) this.ahead = Date.parse(now) - this.heardAt;
  }

  private tick(): void {
    const open = this.source?.readyState !== EventSource.CLOSED;
    if (open && Date.now() - this.quietSince > SILENT_MS) this.lost();
    this.dispatchEvent(new Event("second"));
  }

  /** The stream broke. Ask why, and come back later and later, but for ever. */
  private lost(): void {
    this.source?.close();
    this.setConnection("lost");
    setTimeout(async () => {
      const status = await fetch("/auth/me", { signal: AbortSignal.timeout(5000) }).then((response) => response.status, () => 0);
      if (status === 401) signIn();
      else if (status === 200) this.connect();
      else this.lost();
    }, this.wait);
    this.wait = Math.min(LONGEST_WAIT_MS, this.wait * 2 || 1000);
  }

  private setConnection(connection: Plant["connection"]): void {
    if (this.connection === connection) return;
    this.connection = connection;
    this.dispatchEvent(new Event("connection"));
  }
}

function ours(row: { factory_id: number }): boolean {
  return row.factory_id === start.factory;
}

export const plant = new Plant();
