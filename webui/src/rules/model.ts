// The API's shapes of rules and back-tests, as appliance/model describes them.

export const MODES = ["draft", "shadow", "live", "out_of_service"] as const;
export type Mode = (typeof MODES)[number];
export const LEVELS = ["ll", "l", "h", "hh"] as const;

export type Look =
  | { kind: "threshold"; ll?: number | null; l?: number | null; h?: number | null; hh?: number | null }
  | { kind: "rate"; per_minute: number; window_seconds: number }
  | { kind: "no_data" }
  | { kind: "stuck"; seconds: number }
  | { kind: "baseline"; deviations: number }
  | { kind: "drift"; method: "ewma" | "cusum"; deviations: number; hours: number }
  | { kind: "exposure"; limit: string; measure: "twa" | "stel" | "ceiling" }
  | { kind: "vibration"; group: "group 1" | "group 2"; foundation: "rigid" | "flexible"; zone: "B/C" | "C/D"; change?: boolean }
  | { kind: "health"; below: number }
  | { kind: "model"; url: string; above: number; window_seconds: number; every_seconds: number };

export type Kind = Look["kind"];
export const KINDS: readonly Kind[] = ["threshold", "rate", "no_data", "stuck", "baseline", "drift", "exposure", "vibration", "health", "model"];

/** Kinds that are about a device or its machine, not about one of its metrics. */
export const WITHOUT_METRIC: ReadonlySet<Kind> = new Set(["no_data", "health"]);

export interface Condition {
  metric: string;
  below?: number | null;
  above?: number | null;
}

export interface NewRule {
  device_id: number;
  metric: string | null;
  look: Look;
  deadband: number;
  on_delay_seconds: number;
  off_delay_seconds: number;
  priority: number;
  message: string;
  cause: string;
  consequence: string;
  what_to_do: string;
  respond_seconds: number | null;
  suppress_while: Condition | null;
  latching: boolean;
  note_required: boolean;
  realarm_seconds: number | null;
  alarm_class: "alarm" | "advisory";
}

export interface Rule extends NewRule {
  id: number;
  factory_id: number;
  mode: Mode;
  version: number;
}

export interface RuleVersion {
  version: number;
  at: string;
  by: string;
  rule: Rule;
}

export interface ShadowAlert {
  version: number;
  level: string;
  raised_at: string;
  cleared_at: string | null;
  value: number | null;
}

export interface BackTest {
  rule_version: number | null;
  from: string;
  to: string;
  alarms: number;
  longest_seconds: number | null;
  standing_seconds: number;
  times: { raised_at: string; cleared_at: string | null; level: string; value: number | null }[];
  truncated?: boolean;
  by_day: number[];
  worst_10_minutes: number;
  acceptable_10_minutes: number;
  called: string[];
  incidents: { id: number; from: string; to: string; title: string; caught: boolean }[];
  difference: { more: number; fewer: number } | null;
  readings: number;
  seconds: number;
  needs: string | null;
}
