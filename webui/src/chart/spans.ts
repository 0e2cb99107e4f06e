// Stretches of time that people in a plant name: shifts, days and weeks of the plant's clock.

import { zone } from "../format.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const SHIFT = 8 * HOUR;
const FIRST_SHIFT = 6 * HOUR; // 06, 14 and 22 o'clock, as in the reports
const MONDAY = 4 * DAY; // 1970 began on a Thursday

/** The begin of what `now` lies in, and of what was before; all counted on the plant's clock. */
function begins(now: number, length: number, phase: number): [before: number, begin: number] {
  const local = now + zone.offset(now);
  const begin = Math.floor((local - phase) / length) * length + phase;
  return [zone.utc(begin - length), zone.utc(begin)];
}

/** From their begin up to now: they grow. */
export const GROWING = {
  shift: (now: number) => begins(now, SHIFT, FIRST_SHIFT)[1],
  today: (now: number) => begins(now, DAY, 0)[1],
  week: (now: number) => begins(now, WEEK, MONDAY)[1],
} as const;

/** Those that are over. */
export const OVER = {
  last_shift: (now: number) => begins(now, SHIFT, FIRST_SHIFT),
  yesterday: (now: number) => begins(now, DAY, 0),
  last_week: (now: number) => begins(now, WEEK, MONDAY),
} as const;

/** The moment at which the plant's clocks showed the same seven days before. */
export function weekBefore(ms: number): number {
  return zone.utc(ms + zone.offset(ms) - WEEK);
}
