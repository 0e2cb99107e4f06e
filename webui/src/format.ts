// Numbers, units and times as people read them: SI with narrow no-break spaces, 24 hours, ISO dates.

import { start } from "./start.ts";
import { t } from "./text.ts";
import { Zone } from "./zone.ts";

export const zone = plantZone();

/** The plant's zone; one that this browser does not know is told in UTC, and called so. */
function plantZone(): Zone {
  try {
    return new Zone(start.timeZone);
  } catch {
    return new Zone("UTC");
  }
}

export const NARROW = "\u202f";
const MINUS = "\u2212";
const formats = new Map<number, Intl.NumberFormat>();

export function number(value: number, digits: number): string {
  let format = formats.get(digits);
  if (!format) {
    format = new Intl.NumberFormat(start.language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    formats.set(digits, format);
  }
  const parts = format.formatToParts(value);
  return parts.map((part) => (part.type === "group" ? NARROW : part.type === "minusSign" ? MINUS : part.value)).join("");
}

export function signed(value: number, digits: number): string {
  const text = number(value, digits);
  return value > 0 ? `+${text}` : text;
}

export function quantity(value: number, digits: number, unit: string): string {
  return unit ? number(value, digits) + NARROW + unit : number(value, digits);
}

/** How long something took or is ago, in one unit. */
export function age(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return t("age.s", { n: seconds });
  if (seconds < 90 * 60) return t("age.min", { n: Math.round(seconds / 60) });
  if (seconds < 36 * 3600) return t("age.h", { n: Math.round(seconds / 3600) });
  return t("age.d", { n: Math.round(seconds / 86_400) });
}

/** The length of a step, exactly. */
export function step(ms: number): string {
  const units = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000]] as const;
  for (const [unit, size] of units) if (ms % size === 0) return t(`age.${unit}`, { n: ms / size });
  return t("age.s", { n: ms / 1000 });
}

const two = (value: number): string => String(value).padStart(2, "0");

export function clock(ms: number): string {
  const { hour, minute, second } = zone.local(ms);
  return `${two(hour)}:${two(minute)}:${two(second)}`;
}

export function minutes(ms: number): string {
  return clock(ms).slice(0, 5);
}

export function day(ms: number): string {
  const { year, month, day: date } = zone.local(ms);
  return `${year}-${two(month)}-${two(date)}`;
}

/** A past moment: the time alone on the same day, else with its date. */
export function moment(ms: number, now: number): string {
  return day(ms) === day(now) ? minutes(ms) : `${day(ms)} ${minutes(ms)}`;
}

export function offset(ms: number): string {
  const total = Math.round(zone.offset(ms) / 60_000);
  const size = Math.abs(total);
  const sign = total < 0 ? MINUS : "+";
  return `UTC${sign}${Math.floor(size / 60)}${size % 60 ? `:${two(size % 60)}` : ""}`;
}

/** The plant's date and time with its offset, ISO 8601. */
export function stamp(ms: number): string {
  const total = Math.round(zone.offset(ms) / 60_000);
  const size = Math.abs(total);
  return `${day(ms)}T${clock(ms)}${total < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/** A share as per cent, rounded down: 99.96 % is not complete. */
export function share(value: number): string {
  return `${value >= 1 ? "100" : number(Math.floor(value * 1000) / 10, 1)}${NARROW}%`;
}
