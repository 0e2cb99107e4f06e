// The health of the plant's machines: asked for at the start, then every five minutes, shared by the blocks that tell of it.

import { get } from "./api.ts";
import { quantity, signed } from "./format.ts";
import type { MachineInsight, Metric, Reason, ScoreAt } from "./model.ts";
import { start } from "./start.ts";
import { t } from "./text.ts";

const AGAIN_MS = 300_000;
const RECENT_MS = 7 * 86_400_000;
const LEAST_FALL = 3;

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

/** The points that the score has lost since the weeks before the last seven days; 0: it keeps its health. */
export function fall(score: number | null, trend: readonly ScoreAt[], now: number): number {
  const known = trend.filter((one): one is { at: string; score: number } => one.score !== null);
  const before = known.filter(({ at }) => now - Date.parse(at) >= RECENT_MS).map((one) => one.score).sort((a, b) => a - b);
  const usual = before.length ? before[before.length >> 1]! : known[0]?.score;
  if (score === null || usual === undefined) return 0;
  const lost = usual - score;
  return lost >= LEAST_FALL ? lost : 0;
}

/** What takes points away, the most first, as sentences. */
export function reasons(all: readonly Reason[], catalogue: ReadonlyMap<string, Metric>): string[] {
  return all.filter(({ loss }) => loss >= 0.5).sort((a, b) => b.loss - a.loss).map((reason) => sentence(reason, catalogue));
}

function sentence(reason: Reason, catalogue: ReadonlyMap<string, Metric>): string {
  const metric = catalogue.get(reason.metric ?? "");
  const told = (value: number): string => quantity(value, metric?.digits ?? 1, metric?.unit_label ?? "");
  const drifts = reason.by_drift > reason.by_limits;
  const key = reason.against === "alarms" ? "machine.why.alarms" : drifts ? "machine.why.drift" : reason.against === "usual" ? "machine.why.usual" : "machine.why.limits";
  return t(key, {
    loss: signed(-reason.loss, 0),
    name: metric ? reason.name.replace(reason.metric!, metric.label) : reason.name,
    value: reason.value === null ? "—" : told(reason.value),
    deviations: signed(drifts ? reason.drift : reason.reading, 1),
    limit: told(reason.limits[0]),
  });
}
