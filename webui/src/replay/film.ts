// A past hour as the appliance tells it, and what the dashboard showed at each of its moments.

import { get } from "../api.ts";
import type { Alert, AlertState, Device, DeviceStatus, State, Value } from "../model.ts";
import { start } from "../start.ts";

export interface Signal {
  metric: string;
  times: number[];
  values: number[];
}

export interface PastDevice {
  device: Device;
  states: { at: number; state: State; heard: number | null }[];
  signals: Signal[];
  gaps: { from: number; to: number; reason: string }[];
}

interface PastAlert {
  alert: Alert;
  corners: { at: string; state: AlertState; hidden: boolean }[];
}

interface Answer {
  from: number;
  to: number;
  devices: PastDevice[];
  next: number | null;
  alerts: { alerts: PastAlert[]; more: boolean; before: string | null; after: string | null } | null;
}

export interface Mark {
  at: number;
  priority: number;
}

export class Film {
  readonly from: number;
  readonly to: number;
  readonly marks: Mark[];
  /** When alerts were raised last before this hour, and first after it. */
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly more: boolean;
  private readonly shown = new Map<number, { key: string; status: DeviceStatus }>();
  private readonly stood = new Map<number, { key: string; alert: Alert }>();

  private constructor(first: Answer, readonly devices: PastDevice[]) {
    this.from = first.from;
    this.to = first.to;
    this.past = first.alerts!.alerts;
    this.more = first.alerts!.more;
    this.before = moment(first.alerts!.before);
    this.after = moment(first.alerts!.after);
    this.marks = this.past.map(({ alert }) => ({ at: Date.parse(alert.raised_at), priority: alert.priority }))
      .filter(({ at }) => at >= this.from && at < this.to).sort((a, b) => a.at - b.at);
  }

  private readonly past: PastAlert[];

  /** All devices, however many answers they take. */
  static async load(from: number, to: number): Promise<Film> {
    const path = `/insights/replay?factory_id=${start.factory}&from=${from}&to=${to}`;
    const first = await get<Answer>(path);
    const devices = first.devices;
    for (let next = first.next; next !== null;) {
      const further = await get<Answer>(`${path}&after=${next}`);
      devices.push(...further.devices);
      next = further.next;
    }
    return new Film(first, devices);
  }

  get gaps(): number {
    return this.devices.filter(({ gaps }) => gaps.length).length;
  }

  /** The devices as they were shown; one that did not change is the same object as before. */
  statuses(at: number): Map<number, DeviceStatus> {
    return new Map(this.devices.map((one) => [one.device.id, this.status(one, at)]));
  }

  /** The alerts that were open and not hidden; one that did not change is the same as before. */
  alerts(at: number): Map<number, Alert> {
    const found = new Map<number, Alert>();
    for (const one of this.past) {
      const place = last(one.corners.length, (each) => Date.parse(one.corners[each]!.at) <= at);
      const corner = one.corners[place];
      if (!corner || corner.hidden || corner.state === "closed") continue;
      const known = this.stood.get(one.alert.id);
      const cleared = reached(one.alert.cleared_at, at);
      const key = `${place} ${cleared}`;
      const alert = known?.key === key ? known.alert : then(one.alert, corner.state, at);
      this.stood.set(alert.id, { key, alert });
      found.set(alert.id, alert);
    }
    return found;
  }

  private status(one: PastDevice, at: number): DeviceStatus {
    const state = last(one.states.length, (each) => one.states[each]!.at <= at);
    const places = one.signals.map(({ times }) => last(times.length, (each) => times[each]! <= at));
    const key = `${state} ${places.join(" ")}`;
    const known = this.shown.get(one.device.id);
    if (known?.key === key) return known.status;
    const latest: Value[] = [];
    let newest = 0;
    one.signals.forEach(({ metric, times, values }, each) => {
      const place = places[each]!;
      if (place < 0) return;
      newest = Math.max(newest, times[place]!);
      latest.push({ metric, time: new Date(times[place]!).toISOString(), value: values[place]! });
    });
    const { state: shown, heard } = one.states[Math.max(0, state)]!;
    const heardAt = shown === "never" ? null : shown === "live" ? Math.max(newest, heard ?? 0) : heard;
    const status = { device: one.device, state: shown, received_at: heardAt === null ? null : new Date(heardAt).toISOString(), latest, condition: null };
    this.shown.set(one.device.id, { key, status });
    return status;
  }
}

/** The last place in order for which it holds, -1 if there is none. */
export function last(length: number, holds: (place: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** An alert without what came later. */
function then(alert: Alert, state: AlertState, at: number): Alert {
  const acknowledged = reached(alert.acknowledged_at, at);
  const cleared = reached(alert.cleared_at, at);
  const stands = state === "unacknowledged" || state === "acknowledged";
  return {
    ...alert, state,
    cleared_at: cleared ? alert.cleared_at : null,
    latched: cleared && stands,
    acknowledged_at: acknowledged ? alert.acknowledged_at : null,
    acknowledged_by: acknowledged ? alert.acknowledged_by : null,
    note: acknowledged ? alert.note : null,
    suppressed_at: null, shelved_until: null, shelved_by: null, shelved_reason: null, comments: 0,
  };
}

function reached(time: string | null, at: number): boolean {
  return time !== null && Date.parse(time) <= at;
}

function moment(time: string | null): number | undefined {
  return time === null ? undefined : Date.parse(time);
}
