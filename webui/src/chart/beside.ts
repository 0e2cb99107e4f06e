// What stands beside the line of one signal: what is usual there, and the same a week before.

import { get } from "../api.ts";
import type { Series } from "../model.ts";
import { columns, gapMs, type Columns } from "./data.ts";
import type { Band } from "./picture.ts";
import { weekBefore } from "./spans.ts";

const HOUR = 3_600_000;
const LONGEST_BAND_MS = 31 * 24 * HOUR; // beyond that an hour is narrower than a pixel
const AHEAD = 1 / 8; // of its length is loaded more, so that a live chart need not ask at once again

export interface Asked {
  device: number;
  metric: string;
  from: number;
  to: number;
  points: number;
  intervalMs: number;
  /** Whether what is usual, and the week before, are wanted. */
  usual: boolean;
  compare: boolean;
}

interface Before {
  key: string;
  from: number;
  until: number;
  gap: number;
  columns: Columns;
}

export class Beside {
  band: Band | undefined;
  /** Whether any of it could not be loaded. */
  failed = false;
  private bandOf = "";
  private earlier: Before | undefined;
  private turn = 0;

  /** The week before, moved to the time shown. */
  get before(): Columns | undefined {
    return this.earlier?.columns;
  }

  /** Longer than this without a reading is a gap in the week before. */
  get gap(): number {
    return this.earlier?.gap ?? 0;
  }

  /** Load what is not there yet; tells whether anything changed. */
  async load(asked: Asked): Promise<boolean> {
    const turn = ++this.turn;
    const bandOf = bandQuery(asked);
    try {
      const [band, before] = await Promise.all([
        bandOf === this.bandOf ? this.band : loadBand(bandOf),
        asked.compare ? this.loadBefore(asked) : undefined,
      ]);
      if (turn !== this.turn) return false;
      const changed = this.failed || band !== this.band || before !== this.earlier;
      this.failed = false;
      this.bandOf = bandOf;
      this.band = band;
      this.earlier = before;
      return changed;
    } catch {
      if (turn !== this.turn) return false;
      this.failed = true;
      this.band = this.earlier = undefined;
      this.bandOf = "";
      return true;
    }
  }

  private async loadBefore({ device, metric, from, to, points, intervalMs }: Asked): Promise<Before> {
    const by = to - weekBefore(to);
    const length = to - from;
    const key = [device, metric, Math.round(length / 1000), by].join();
    const known = this.earlier;
    if (known?.key === key && known.from <= from && to <= known.until) return known;
    const until = to + length * AHEAD;
    const query = new URLSearchParams({
      device_id: String(device), metric, from: String(Math.round(from - by)), to: String(Math.round(until - by)), points: String(Math.round(points * (1 + AHEAD))),
    });
    const series = await get<Series>(`/data/series?${query}`);
    const gap = gapMs(series, intervalMs);
    const found = columns(series, gap);
    return { key, from, until, gap, columns: { ...found, times: found.times.map((time) => time + by) } };
  }
}

/** What to ask for what is usual; nothing where it could not be seen. */
function bandQuery({ device, metric, from, to, usual }: Asked): string {
  if (!usual || to - from > LONGEST_BAND_MS) return "";
  const hours = { from: String(Math.floor(from / HOUR) * HOUR), to: String(Math.ceil(to / HOUR) * HOUR) };
  return String(new URLSearchParams({ device_id: String(device), metric, ...hours }));
}

async function loadBand(query: string): Promise<Band | undefined> {
  if (!query) return undefined;
  const found = await get<Band>(`/insights/baseline?${query}`);
  return found.high.some((value) => value !== null) ? found : undefined;
}
