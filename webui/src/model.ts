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
  machine_id: number | null;
  machine: string | null;
  area: string | null;
  expected_interval_ms: number;
}

/** What is odd about a device; cause and times as docs/api.md tells. */
export interface Condition {
  kind: "silent" | "clock_wrong" | "catching_up" | "flat" | "out_of_range" | "returned";
  since: string;
  cause: string | null;
  until: string | null;
  rows: number | null;
  metric: string | null;
}

export interface DeviceStatus {
  device: Device;
  state: State;
  received_at: string | null;
  latest: Value[];
  condition: Condition | null;
}

export interface DeviceDetail extends DeviceStatus {
  quarantined: number;
}

export interface DeviceKey {
  id: string;
  created_at: string;
  revoked_at: string | null;
  last_used_at: string | null;
}

export interface Alert {
  id: number;
  factory_id: number;
  device_id: number;
  device: string;
  machine: string | null;
  area: string | null;
  kind: string;
  level: "ll" | "l" | "h" | "hh" | "on";
  alarm_class: "alarm" | "advisory";
  metric: string | null;
  unit_label: string | null;
  priority: number;
  message: string;
  cause: string;
  consequence: string;
  what_to_do: string;
  respond_seconds: number | null;
  state: AlertState;
  latched: boolean;
  late: boolean;
  forecast_at: string | null;
  suppressed_at: string | null;
  shelved_until: string | null;
  shelved_by: string | null;
  shelved_reason: string | null;
  note_required: boolean;
  comments: number;
  raised_at: string;
  raised_value: number | null;
  limit: number | null;
  cleared_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  note: string | null;
}

export interface Metric {
  name: string;
  unit_label: string;
  label: string;
  digits: number;
}

/** What people have marked, with the one who did. */
export interface Incident {
  id: number;
  device_id: number;
  from: string;
  to: string;
  title: string;
  made_by: string;
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

export type ReportKind = "weekly" | "monthly" | "compliance";

export interface Period {
  name: string;
  begin: string;
  end: string;
  over: boolean;
}

export interface Available {
  factory_id: number;
  kind: ReportKind;
  last: Period;
  current: Period;
}

export interface Finding {
  weight: "good" | "look" | "unknown";
  text: string;
}

export interface Report {
  title: string;
  factory: { name: string };
  period: Period;
  generated_at: string | null;
  summary: Record<"happened" | "complete" | "limits", Finding[]>;
  completeness_share: number | null;
}

export interface SignedReport {
  id: number;
  factory_id: number;
  kind: ReportKind;
  period: string;
  signer: string;
  meaning: "reviewed" | "approved";
  signed_at: string;
  hash: string;
  revised: boolean;
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

export interface Reason {
  name: string;
  against: "zone" | "limits" | "usual" | "alarms";
  loss: number;
  by_limits: number;
  by_drift: number;
  device_id: number | null;
  metric: string | null;
  value: number | null;
  reading: number;
  limits: [number, number, number];
  drift: number;
}

export interface ScoreAt {
  at: string;
  score: number | null;
}

export interface Exposure {
  device: string;
  subject: string;
  measure: string;
  source: string;
  limit: number;
  unit: string;
  value: number | null;
  share: number | null;
  coverage: number;
  verdict: "within" | "above" | "insufficient data";
}

export interface MachineInsight {
  machine: { id: number; factory_id: number; name: string; kind: string; area: string };
  health: { at: string; score: number | null; quality: number; reasons: Reason[]; unmeasured: string[] } | null;
  trend: ScoreAt[];
  /** What it lost of its usual health; null: it keeps it. */
  worse: { usual: number; lost: number; since: string; why: Reason | null } | null;
  zone: { zone: string; velocity: number; device: string; group: string; boundaries: [number, number, number]; source: string; confirmed: boolean; assumed: boolean } | null;
  exposures: Exposure[];
}
