// What the API tells of completeness.

export type Cause = "node_off" | "restart" | "network" | "box_down" | "overrun" | "clock_unknown" | "silent" | "damaged" | "released" | "unknown";
export type What = "missing" | "late" | "bounded" | "unreadable";

export interface Day {
  from: number;
  to: number;
  expected: number;
  received: number;
}

interface Counts {
  expected: number;
  received: number;
  missing: number;
  late: number;
  duplicate: number;
  conflicting: number;
  quarantined: number;
  dropped: number;
}

export interface DeviceCounts extends Counts {
  device_id: number;
  device: string;
  damaged: number;
  days: Day[];
}

/** All devices together. short: have gaps; silent: nothing was expected. */
export interface Totals {
  devices: number;
  short: number;
  silent: number;
  expected: number;
  received: number;
  missing: number;
}

export interface FactoryCounts {
  from: number;
  to: number;
  late_seconds: number;
  total: Totals;
  /** The worst first. */
  devices: DeviceCounts[];
}

export interface Range {
  what: What;
  cause: Cause;
  from: number;
  to: number;
  rows: number;
  exact: boolean;
  reset: string | null;
  behind: Cause | null;
}

export interface Certificate {
  device_id: number;
  device: string;
  counts: Counts & { unreadable: number };
  ranges: Range[];
}
