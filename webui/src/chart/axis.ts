// The axes' own marks and words: plant time, 24 hours, ISO dates; numbers with as many digits as the step needs.

import { clock, day, minutes, number, zone } from "../format.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000, 864_000,
].map((seconds) => seconds * SECOND);
const ROOM_PX = 76;

export function timeTicks(from: number, to: number, width: number): number[] {
  const least = ((to - from) / Math.max(1, width)) * ROOM_PX;
  const step = STEPS.find((each) => each >= least) ?? Math.ceil(least / (10 * DAY)) * 10 * DAY;
  return zone.ticks(from, to, step);
}

/** The time of each mark, with the date beneath the first one and wherever a day begins. */
export function timeWords(ticks: number[]): string[] {
  const step = ticks.length > 1 ? ticks[1]! - ticks[0]! : HOUR;
  if (step >= DAY * 0.9) return ticks.map(day);
  return ticks.map((tick, place) => {
    const time = step < MINUTE ? clock(tick) : minutes(tick);
    const before = ticks[place - 1];
    return before === undefined || day(before) !== day(tick) ? `${time}\n${day(tick)}` : time;
  });
}

export function valueWords(ticks: number[]): string[] {
  const step = ticks.length > 1 ? Math.abs(ticks[1]! - ticks[0]!) : 1;
  const isExact = (digits: number): boolean => Math.abs(step * 10 ** digits - Math.round(step * 10 ** digits)) < 1e-6;
  const digits = [0, 1, 2, 3, 4, 5].find(isExact) ?? 6;
  return ticks.map((tick) => number(tick, digits));
}

/** What the value axis spans: the data with some air; limits that are near belong to the picture. */
export function span(low: number, high: number, limits: number[]): [number, number] {
  let from = low;
  let to = high;
  const reach = 1.5 * (high - low || Math.abs(high) * 0.02 || 1);
  for (const limit of limits) {
    if (limit > high && limit - high <= reach) to = Math.max(to, limit);
    if (limit < low && low - limit <= reach) from = Math.min(from, limit);
  }
  const air = (to - from) * 0.08 || Math.abs(to) * 0.01 || 1;
  return [from >= 0 && from - air < 0 ? 0 : from - air, to + air];
}
