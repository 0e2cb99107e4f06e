// An alarm's state and values in words.

import { moment, number, quantity } from "../format.ts";
import type { Alert } from "../model.ts";
import { plant } from "../plant.ts";
import { t } from "../text.ts";
import { isShelved } from "./deeds.ts";

export function waits(alert: Alert): boolean {
  return alert.state === "unacknowledged" || alert.state === "returned";
}

export function stateWords(alert: Alert): string {
  const parts = [acknowledgement(alert)];
  if (alert.latched) parts.push(t("alerts.latched"));
  if (isShelved(alert)) {
    parts.push(t("alerts.shelved_until", { time: moment(Date.parse(alert.shelved_until!), plant.now()), name: alert.shelved_by ?? t("alerts.somebody"), reason: alert.shelved_reason ?? "" }));
  }
  if (alert.suppressed_at) parts.push(t("alerts.suppressed"));
  return parts.join(" · ");
}

function acknowledgement(alert: Alert): string {
  if (!alert.acknowledged_at) return t(waits(alert) ? `alerts.${alert.state as "unacknowledged" | "returned"}` : "alerts.acknowledged_somebody");
  const time = moment(Date.parse(alert.acknowledged_at), plant.now());
  return t("alerts.acknowledged", { name: alert.acknowledged_by ?? t("alerts.somebody"), time });
}

/** The newest value against the limit while the alarm stands, else the value that raised it. */
export function valueWords(alert: Alert, digits: number): string {
  if (alert.limit === null || alert.raised_value === null) return "";
  const low = alert.level === "l" || alert.level === "ll";
  const newest = plant.devices.get(alert.device_id)?.latest.find((one) => one.metric === alert.metric)?.value;
  const over = (value: number): boolean => (low ? value < alert.limit! : value > alert.limit!);
  const shown = alert.kind === "threshold" && alert.cleared_at === null && newest !== undefined && over(newest) ? newest : alert.raised_value;
  return t(low ? "alerts.against_low" : "alerts.against_high", { value: number(shown, digits), limit: quantity(alert.limit, digits, alert.unit_label ?? "") });
}

const BEFORE_MS = 60_000;

/** Where the moment of an alert is played again: from a little before it was raised. */
export function replayOf({ factory_id: factory, raised_at: at }: Alert): string {
  return `/dashboard/replay?factory=${factory}&at=${Math.round(Date.parse(at)) - BEFORE_MS}`;
}
