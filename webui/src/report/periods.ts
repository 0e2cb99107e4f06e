// The periods one may choose a report of, by the names the API gives them: 2026-W47, 2026-11, 2026-11-01..2026-11-15.

import type { ReportKind } from "../model.ts";

const DAY = 86_400_000;

/** `name` and the `count` periods before it, the newest first. */
export function before(kind: ReportKind, name: string, count: number): string[] {
  const step = kind === "weekly" ? weekBefore : monthBefore;
  const found = [name];
  while (found.length <= count) found.push(step(found.at(-1)!));
  return found;
}

function monthBefore(name: string): string {
  const [year, month] = name.split("-").map(Number) as [number, number];
  return month > 1 ? `${year}-${two(month - 1)}` : `${year - 1}-12`;
}

function weekBefore(name: string): string {
  const [year, week] = name.split("-W").map(Number) as [number, number];
  return week > 1 ? `${year}-W${two(week - 1)}` : `${year - 1}-W${two(weeksIn(year - 1))}`;
}

/** ISO 8601: a year has 53 weeks if it begins or, in a leap year, ends on a Thursday. */
function weeksIn(year: number): number {
  const first = new Date(Date.UTC(year, 0, 1)).getUTCDay();
  const last = new Date(Date.UTC(year, 11, 31)).getUTCDay();
  return first === 4 || last === 4 ? 53 : 52;
}

/** The first and the last day of a week or month, as dates. */
export function days(name: string): [string, string] {
  const [first, end] = name.includes("W") ? week(name) : month(name);
  return [first, end - DAY].map((ms) => new Date(ms).toISOString().slice(0, 10)) as [string, string];
}

function month(name: string): [number, number] {
  const [year, number] = name.split("-").map(Number) as [number, number];
  return [Date.UTC(year, number - 1), Date.UTC(year, number)];
}

function week(name: string): [number, number] {
  const [year, number] = name.split("-W").map(Number) as [number, number];
  const fourth = Date.UTC(year, 0, 4); // always in the first week
  const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY + (number - 1) * 7 * DAY;
  return [monday, monday + 7 * DAY];
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
