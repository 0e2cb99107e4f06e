// What is odd about a device, in words: why it is silent or was away, what its clock or its sensors do.

import { moment, number } from "./format.ts";
import type { DeviceStatus, Metric } from "./model.ts";
import { plant } from "./plant.ts";
import { t } from "./text.ts";

/** Whether it needs a look: being back again does not. */
export function isOdd({ condition }: DeviceStatus): boolean {
  return condition !== null && condition.kind !== "returned";
}

/** Nothing, if nothing is odd; of a silence nothing more than is known while the appliance itself is not there. */
export function conditionWords({ condition }: DeviceStatus, catalogue: ReadonlyMap<string, Metric>): string {
  if (!condition) return "";
  const { kind, cause, rows, metric } = condition;
  const at = (time: string | null): string => (time === null ? "" : moment(Date.parse(time), plant.now()));
  const told = {
    since: at(condition.since),
    until: at(condition.until),
    rows: number(rows ?? 0, 0),
    metric: catalogue.get(metric ?? "")?.label ?? metric ?? "",
  };
  if (kind === "silent") return t(cause === "box_down" ? "condition.silent_box_down" : "condition.silent", told);
  if (kind === "catching_up") return t(cause === "box_down" ? "condition.catching_up_box_down" : "condition.catching_up", told);
  if (kind !== "returned") return t(`condition.${kind}`, told);
  if (cause === "node_off" || cause === "restart" || cause === "box_down") return t(`condition.was.${cause}`, told);
  return t("condition.was.network", told);
}
