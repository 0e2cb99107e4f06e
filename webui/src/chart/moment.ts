// Moments as they are typed: ISO, 24 hours, on the plant's clock. Browsers' own fields show their owner's country's way.

import { day, minutes, zone } from "../format.ts";

export const PATTERN = "\\s*\\d{4}-\\d{2}-\\d{2}\\s+\\d{2}:\\d{2}\\s*";
export const EXAMPLE = "2026-01-31 14:30";

export function typed(ms: number): string {
  return `${day(ms)} ${minutes(ms)}`;
}

/** UTC milliseconds; NaN for what is no moment. */
export function meant(words: string): number {
  return zone.utc(Date.parse(`${words.trim().replace(/\s+/, "T")}Z`));
}
