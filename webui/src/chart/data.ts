// A series as columns for the plot: gaps become empty places, buckets stand in their middle.

import type { Series } from "../model.ts";
import type { Band } from "./picture.ts";

const HOUR_MS = 3_600_000;

type Column = (number | null)[];

export interface Columns {
  /** UTC milliseconds. */
  times: number[];
  mean: Column;
  min: Column;
  max: Column;
}

export interface Stats {
  last: number;
  min: number;
  max: number;
  mean: number;
}

/** Longer than this without a reading is a gap: three expected intervals, like a stale device. */
export function gapMs(series: Series, expectedIntervalMs: number): number {
  return Math.max(3 * expectedIntervalMs, 1.5 * (series.bucket_ms ?? 0));
}

export function columns(series: Series, gap: number): Columns {
  const { mean, min, max } = parts(series);
  const middle = (series.bucket_ms ?? 0) / 2;
  const found: Columns = { times: [], mean: [], min: [], max: [] };
  series.times.forEach((time, place) => {
    const before = series.times[place - 1];
    if (before !== undefined && time - before > gap) push(found, (time + before) / 2 + middle, null, null, null);
    const at = Math.min(time + middle, series.to); // the last bucket is still filling
    push(found, at, mean[place]!, min[place]!, max[place]!);
  });
  endOnNewest(found, series);
  return found;
}

export function stats(series: Series): Stats | undefined {
  const count = series.times.length;
  if (!count) return undefined;
  const { mean, min, max, last, weight } = parts(series);
  let sum = 0;
  let total = 0;
  let low = Infinity;
  let high = -Infinity;
  for (let place = 0; place < count; place += 1) {
    sum += mean[place]! * (weight?.[place] ?? 1);
    total += weight?.[place] ?? 1;
    low = Math.min(low, min[place]!);
    high = Math.max(high, max[place]!);
  }
  return { last: last[count - 1]!, min: low, max: high, mean: sum / total };
}

/** The stretches without data between `from` and `to`, as pairs. */
export function gaps(series: Series, gap: number, from: number, to: number): [number, number][] {
  const step = series.bucket_ms ?? 0;
  const edges = [from - step, ...series.times, to];
  const found: [number, number][] = [];
  for (let place = 1; place < edges.length; place += 1) {
    const begin = edges[place - 1]! + step;
    if (edges[place]! - begin > gap - step) found.push([begin, edges[place]!]);
  }
  return found;
}

/** The place of what is nearest to a moment, if it is no farther than `within`. */
export function nearest({ times, mean }: Columns, moment: number, within: number): number | undefined {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < moment) low = middle + 1;
    else high = middle;
  }
  const far = (place: number): number => (mean[place] == null ? Infinity : Math.abs(times[place]! - moment));
  const place = far(low - 1) <= far(low) ? low - 1 : low;
  return far(place) <= within ? place : undefined;
}

/** What is usual at a moment. */
export function usualAt({ times, low, high }: Band, moment: number): [number, number] | undefined {
  const place = Math.floor((moment - (times[0] ?? Infinity)) / HOUR_MS);
  const [least, most] = [low[place], high[place]];
  return least == null || most == null ? undefined : [least, most];
}

/** The series with a newer reading at its end, as it is until it is loaded anew. */
export function extended(series: Series, time: number, value: number): Series {
  const newest = series.times[series.times.length - 1] ?? -Infinity;
  if (time <= newest + (series.bucket_ms ?? 0)) return series;
  const longer = Object.entries(series.columns).map(([name, column]) => [name, [...column, name === "count" ? 1 : value]]);
  return { ...series, to: Math.max(series.to, time), times: [...series.times, time - (series.bucket_ms ?? 0) / 2], columns: Object.fromEntries(longer) };
}

/** A line of means ends on the newest reading itself, as the label at its end says. */
function endOnNewest(found: Columns, series: Series): void {
  const newest = series.columns.last?.at(-1);
  const begin = series.times.at(-1);
  if (newest === undefined || begin === undefined) return;
  const end = Math.min(begin + (series.bucket_ms ?? 0), series.to);
  if (end > found.times.at(-1)!) push(found, end, newest, newest, newest);
  else found.mean[found.mean.length - 1] = newest;
}

function parts({ source, columns }: Series): { mean: number[]; min: number[]; max: number[]; last: number[]; weight?: number[] } {
  if (source === "raw") {
    const value = columns.value!;
    return { mean: value, min: value, max: value, last: value };
  }
  const { mean, min, max, last, count } = columns as Record<"mean" | "min" | "max" | "last" | "count", number[]>;
  return { mean, min, max, last, weight: count };
}

function push(found: Columns, time: number, mean: number | null, min: number | null, max: number | null): void {
  found.times.push(time);
  found.mean.push(mean);
  found.min.push(min);
  found.max.push(max);
}
