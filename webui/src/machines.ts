// The health of the plant's machines: asked for at the start, then every five minutes, shared by the blocks that tell of it.

import { get } from "./api.ts";
import { NARROW, number, quantity, signed } from "./format.ts";
import type { MachineInsight, Metric, Reason } from "./model.ts";
import { start } from "./start.ts";
import { t } from "./text.ts";

const AGAIN_MS = 300_000;

class Machines extends EventTarget {
  found: MachineInsight[] | undefined;
  trouble: unknown;
  private next: ReturnType<typeof setTimeout> | undefined;

  async load(): Promise<void> {
    clearTimeout(this.next);
    try {
      this.found = (await get<{ machines: MachineInsight[] }>(`/insights/machines?factory_id=${start.factory}`)).machines;
      this.trouble = undefined;
    } catch (trouble) {
      this.trouble = trouble;
    }
    this.next = setTimeout(() => void this.load(), AGAIN_MS);
    this.dispatchEvent(new Event("change"));
  }
}

export const machines = new Machines();

/** What takes points away, the most first, as sentences. */
export function reasons(all: readonly Reason[], catalogue: ReadonlyMap<string, Metric>): string[] {
  return all.filter(({ loss }) => loss >= 0.5).sort((a, b) => b.loss - a.loss).map((reason) => sentence(reason, catalogue));
}

function sentence(reason: Reason, catalogue: ReadonlyMap<string, Metric>): string {
  const metric = catalogue.get(reason.metric ?? "");
  const told = (value: number): string => quantity(value, metric?.digits ?? 1, metric?.unit_label ?? "");
  const drifts = reason.by_drift > reason.by_limits;
  const key = reason.against === "alarms" ? "machine.why.alarms" : drifts ? "machine.why.drift" : `machine.why.${reason.against}` as const;
  return t(key, {
    loss: signed(-reason.loss, 0),
    name: metric ? reason.name.replace(reason.metric!, metric.label) : reason.name,
    value: reason.value === null ? "—" : told(reason.value),
    deviations: signed(drifts ? reason.drift : reason.reading, 1),
    limit: told(reason.limits[0]),
    way: percent(reason.reading),
  });
}

/** How far it is on its way, which may be further than whole. */
function percent(value: number): string {
  return `${number(value * 100, 0)}${NARROW}%`;
}
