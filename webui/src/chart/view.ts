// The stretch of time a chart shows: the last so long or what has begun, up to now; or a fixed one.

import { GROWING } from "./spans.ts";

export const RANGES = { "10m": 600_000, "1h": 3_600_000, "8h": 28_800_000, "24h": 86_400_000, "7d": 604_800_000, "30d": 2_592_000_000 } as const;
const YEAR = { "365d": 365 * 86_400_000 } as const;
const LENGTHS = { ...RANGES, ...YEAR };
export type Range = keyof typeof LENGTHS | keyof typeof GROWING;

const SHORTEST_MS = 10_000;
const SHORTEST_GROWING_MS = 60_000;
const LONGEST_MS = 400 * 86_400_000;

export type View = { live: true; range: Range } | { live: false; from: number; to: number };

export function bounds(view: View, now: number): [number, number] {
  if (!view.live) return [view.from, view.to];
  if (view.range in GROWING) return [Math.min(GROWING[view.range as keyof typeof GROWING](now), now - SHORTEST_GROWING_MS), now];
  return [now - LENGTHS[view.range as keyof typeof LENGTHS], now];
}

/** A view moved by a share of its length; one that reaches now stays within what has been. */
export function moved(view: View, now: number, share: number): View {
  const [from, to] = bounds(view, now);
  const by = Math.min((to - from) * share, now - to);
  return { live: false, from: from + by, to: to + by };
}

/** A view longer or shorter by a factor about a moment; else about its middle, or now where that is its end. */
export function zoomed(view: View, now: number, factor: number, moment?: number): View {
  const [from, to] = bounds(view, now);
  const length = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, (to - from) * factor));
  const about = moment ?? (view.live ? to : (from + to) / 2);
  const end = Math.min(now, about + ((to - about) * length) / (to - from));
  return { live: false, from: end - length, to: end };
}

export function between(from: number, to: number): View {
  const middle = (from + to) / 2;
  const half = Math.max(SHORTEST_MS, to - from) / 2;
  return { live: false, from: Math.round(middle - half), to: Math.round(middle + half) };
}

export function same(one: View, other: View): boolean {
  if (one.live) return other.live && one.range === other.range;
  return !other.live && one.from === other.from && one.to === other.to;
}

export function fromQuery(query: URLSearchParams): View {
  const from = Number(query.get("from"));
  const to = Number(query.get("to"));
  if (from > 0 && to > from) return { live: false, from, to };
  const range = query.get("range") ?? "";
  return { live: true, range: range in LENGTHS || range in GROWING ? (range as Range) : "1h" };
}

export function intoQuery(view: View, query: URLSearchParams): void {
  for (const name of ["from", "to", "range"]) query.delete(name);
  if (view.live) query.set("range", view.range);
  else {
    query.set("from", String(Math.round(view.from)));
    query.set("to", String(Math.round(view.to)));
  }
}
