// What a chart is drawn from: the line and everything that stands around it.

import type { Columns } from "./data.ts";

export interface Limit {
  value: number;
  priority: number;
  words: string;
}

/** A time during which an alarm stood. */
export interface Period {
  from: number;
  to: number;
  priority: number;
  words: string;
}

/** What somebody has marked: an incident. */
export interface Mark {
  from: number;
  to: number;
  words: string;
}

/** What is usual, by the hour: each entry holds for the hour that begins at its time. */
export interface Band {
  times: number[];
  low: (number | null)[];
  high: (number | null)[];
}

export interface Picture {
  columns: Columns;
  bounds: [number, number];
  gaps: [number, number][];
  limits: Limit[];
  periods: Period[];
  marks: Mark[];
  band: Band | undefined;
  /** The same stretch a week earlier, moved to the time shown. */
  before: Columns | undefined;
  last: { time: number; value: number; words: string } | undefined;
  /** For what is either off or on: the words for both. */
  stepped: [string, string] | undefined;
}
