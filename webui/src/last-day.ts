// The last 24 hours of signals, a mean for each half hour; asked for in one question of at most sixteen signals.

import { get } from "./api.ts";

export const HALF_HOURS = 48;
const HALF_HOUR_MS = 1_800_000;
const AT_ONCE = 16;
const POINTS = 96;

export type Halves = (number | null)[];

interface Chart {
  times: number[];
  series: { device_id: number; metric: string; columns: Record<string, (number | null)[]> }[];
}

/** Signals are named "device:metric"; those that could not be asked for are not there. */
export async function lastDay(signals: readonly string[], now: number): Promise<Map<string, Halves>> {
  const to = Math.ceil(now / HALF_HOUR_MS) * HALF_HOUR_MS;
  const from = to - HALF_HOURS * HALF_HOUR_MS;
  const found = new Map<string, Halves>();
  for (let first = 0; first < signals.length; first += AT_ONCE) {
    const asked = new URLSearchParams({ series: signals.slice(first, first + AT_ONCE).join(","), from: String(from), to: String(to), points: String(POINTS) });
    const { times, series } = await get<Chart>(`/data/chart?${asked}`);
    for (const one of series) found.set(`${one.device_id}:${one.metric}`, halves(times, one.columns, from));
  }
  return found;
}

export function halves(times: readonly number[], columns: Chart["series"][number]["columns"], from: number): Halves {
  const sums = new Float64Array(HALF_HOURS);
  const counts = new Float64Array(HALF_HOURS);
  const values = columns.mean ?? columns.value ?? [];
  times.forEach((time, place) => {
    const value = values[place];
    const half = Math.floor((time - from) / HALF_HOUR_MS);
    if (value === null || value === undefined || half < 0 || half >= HALF_HOURS) return;
    const weight = columns.count?.[place] ?? 1;
    sums[half]! += value * weight;
    counts[half]! += weight;
  });
  return Array.from(sums, (sum, half) => (counts[half] ? sum / counts[half]! : null));
}
