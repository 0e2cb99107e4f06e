// The API's shapes, as docs/api.md and appliance/model describe them.

export type State = "live" | "stale" | "offline" | "never";
export type AlertState = "unacknowledged" | "acknowledged" | "returned" | "closed";

export interface Value {
  metric: string;
  time: string;
  value: number;
}

export interface Device {
  id: number;
  factory_id: number;
  name: string;
  machine: string | null;
  area: string | null;
  expected_interval_ms: number;
}

export interface DeviceStatus {
  device: Device;
  state: State;
  received_at: string | null;
  latest: Value[];
}

export interface Alert {
  id: number;
  factory_id: number;
  device_id: number;
  device: string;
  machine: string | null;
  kind: "high" | "low" | "no_data";
  metric: string | null;
  unit_label: string | null;
  priority: number;
  message: string;
  what_to_do: string;
  state: AlertState;
  raised_at: string;
  raised_value: number | null;
  limit: number | null;
  acknowledged_by: string | null;
}

export interface Metric {
  name: string;
  unit_label: string;
  label: string;
  digits: number;
}

export interface Rule {
  device_id: number;
  kind: "high" | "low" | "no_data";
  metric: string | null;
  limit: number | null;
  priority: number;
  enabled: boolean;
}

export interface Kpi {
  metric: string;
  label: string;
  unit_label: string;
  digits: number;
  device_id: number | null;
  device: string | null;
  machine: string | null;
  state: State;
  value: number | null;
  time: string | null;
  limit: number | null;
  previous: number | null;
  spark_mean: (number | null)[];
}

export interface Overview {
  now: string;
  completeness_today: number | null;
  kpis: Kpi[];
}

export interface Series {
  unit_label: string;
  digits: number;
  from: number;
  to: number;
  source: "raw" | "buckets";
  bucket_ms: number | null;
  times: number[];
  columns: Record<string, number[]>;
}
