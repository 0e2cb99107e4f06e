// What the charts show, as a file for a spreadsheet: one line for each reading or step.

import { NARROW, stamp } from "../format.ts";
import type { Metric, Series } from "../model.ts";

const HEAD = ["time_utc", "time_plant", "metric", "unit", "step_seconds", "value", "min", "max", "readings"];

/** RFC 4180. A step's time is its begin, its value the mean. */
export function csv(shown: readonly (readonly [Metric, Series])[]): string {
  const lines = shown.flatMap(([metric, series]) => {
    const about = [metric.name, series.unit_label.replaceAll(NARROW, " ")];
    return series.times.map((time, place) => [new Date(time).toISOString(), stamp(time), ...about, ...numbers(series, place)]);
  });
  return [HEAD, ...lines].map((line) => line.map(quoted).join(",")).join("\r\n") + "\r\n";
}

function numbers({ source, columns, bucket_ms }: Series, place: number): (string | number)[] {
  if (source === "raw") return ["", columns.value![place]!, "", "", 1];
  return [bucket_ms! / 1000, ...["mean", "min", "max", "count"].map((name) => columns[name]![place]!)];
}

function quoted(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
