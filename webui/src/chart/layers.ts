// What is drawn on the canvas beneath and above uPlot's own line.

import type uPlot from "uplot";
import { t } from "../text.ts";
import type { Columns } from "./data.ts";
import type { Picture } from "./picture.ts";

export const AXIS_FONT = '12px "Inter", system-ui, sans-serif';
const LABEL_FONT = '600 12px "Inter", system-ui, sans-serif';
const SIGN_FONT = '700 11px "Inter", system-ui, sans-serif';
const HOUR_MS = 3_600_000;
const LINE_PX = 14;

export const COLOURS = ["text", "muted", "raised", "line-soft", "series-1", "band-1", "hatch", "before", "usual", "p1", "p2", "p3", "p4"] as const;
export type Colours = Record<(typeof COLOURS)[number], string>;

export interface Sheet {
  plot: uPlot;
  colours: Colours;
  picture: Picture;
}

/** Beneath the grid, the farthest first. */
export function drawBeneath(sheet: Sheet): void {
  for (const layer of [drawBand, drawPeriods, drawGaps]) inside(sheet, layer);
}

/** Between the grid and the line. */
export function drawBetween(sheet: Sheet): void {
  inside(sheet, drawBefore);
}

/** Above the line; the names at the line's end stand beside the plot. */
export function drawAbove(sheet: Sheet): void {
  for (const layer of [drawBandName, drawLimits, drawMarks]) inside(sheet, layer);
  const taken = drawLast(sheet);
  if (sheet.picture.before) drawBeforeName(sheet, sheet.picture.before, taken);
}

type Layer = (sheet: Sheet, ctx: CanvasRenderingContext2D, px: number) => void;

function inside(sheet: Sheet, layer: Layer): void {
  const { ctx, bbox } = sheet.plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  layer(sheet, ctx, devicePixelRatio);
  ctx.restore();
}

const x = ({ plot }: Sheet, time: number): number => plot.valToPos(time, "x", true);
const y = ({ plot }: Sheet, value: number): number => plot.valToPos(value, "y", true);

/** What is usual, hour by hour. */
function drawBand(sheet: Sheet, ctx: CanvasRenderingContext2D, px: number): void {
  ctx.fillStyle = sheet.colours.usual;
  for (const { left, right, top, foot } of hours(sheet)) ctx.fillRect(left, top, right - left, Math.max(px, foot - top));
}

/** Its name stands in its newest hour. */
function drawBandName(sheet: Sheet, ctx: CanvasRenderingContext2D, px: number): void {
  const { bbox } = sheet.plot;
  const newest = hours(sheet).at(-1);
  if (!newest || newest.top > bbox.top + bbox.height) return;
  ctx.font = scaled(AXIS_FONT);
  ctx.textAlign = "right";
  ctx.textBaseline = "top";
  ctx.fillStyle = sheet.colours.muted;
  ctx.fillText(t("chart.usual"), bbox.left + bbox.width - 6 * px, Math.max(newest.top, bbox.top) + 3 * px);
}

/** The hours of the band in sight, on whole pixels, so that no seam is seen between them. */
function hours(sheet: Sheet): { left: number; right: number; top: number; foot: number }[] {
  const { band, bounds } = sheet.picture;
  if (!band) return [];
  return band.times.flatMap((time, place) => {
    const [low, high] = [band.low[place], band.high[place]];
    if (low == null || high == null || time >= bounds[1] || time + HOUR_MS <= bounds[0]) return [];
    const [left, right] = [Math.round(x(sheet, time)), Math.round(x(sheet, time + HOUR_MS))];
    return [{ left, right, top: Math.round(y(sheet, high)), foot: Math.round(y(sheet, low)) }];
  });
}

/** An alarm's time is shaded, with its priority on top. */
function drawPeriods(sheet: Sheet, ctx: CanvasRenderingContext2D, px: number): void {
  const { bbox } = sheet.plot;
  ctx.font = scaled(SIGN_FONT);
  ctx.textBaseline = "top";
  ctx.textAlign = "center";
  for (const { from, to, priority } of sheet.picture.periods) {
    const left = Math.max(bbox.left, x(sheet, from));
    const right = Math.min(bbox.left + bbox.width, x(sheet, to));
    if (right < bbox.left || left > bbox.left + bbox.width) continue;
    const width = Math.max(right - left, 2 * px);
    ctx.fillStyle = priorityColour(sheet, priority);
    ctx.globalAlpha = 0.11;
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.globalAlpha = 1;
    ctx.fillRect(left, bbox.top, width, 3 * px);
    if (width < 14 * px) continue;
    ctx.fillRect(left, bbox.top, 14 * px, 15 * px);
    ctx.fillStyle = sheet.colours.raised;
    ctx.fillText(String(priority), left + 7 * px, bbox.top + 3 * px);
  }
}

function drawGaps(sheet: Sheet, ctx: CanvasRenderingContext2D, px: number): void {
  const { top, height } = sheet.plot.bbox;
  const step = 7 * px;
  ctx.strokeStyle = sheet.colours.hatch;
  ctx.lineWidth = px;
  for (const [from, to] of sheet.picture.gaps) {
    const [left, right] = [x(sheet, from), x(sheet, to)];
    if (right - left < 3 * px) continue;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, right - left, height);
    ctx.clip();
    ctx.beginPath();
    for (let at = Math.floor((left - height) / step) * step; at < right; at += step) {
      ctx.moveTo(at, top + height);
      ctx.lineTo(at + height, top);
    }
    ctx.stroke();
    ctx.restore();
  }
}

/** The week before: thinner and grey, each step with its extremes. */
function drawBefore(sheet: Sheet, ctx: CanvasRenderingContext2D, px: number): void {
  const { before, stepped } = sheet.picture;
  if (!before) return;
  ctx.strokeStyle = sheet.colours.before;
  ctx.lineWidth = 1.25 * px;
  const extremes = new Path2D();
  const line = new Path2D();
  let last: number | undefined;
  before.times.forEach((time, place) => {
    const [mean, min, max] = [before.mean[place], before.min[place], before.max[place]];
    if (mean == null || min == null || max == null) {
      last = undefined;
      return;
    }
    const [across, up] = [x(sheet, time), y(sheet, mean)];
    if (last === undefined) line.moveTo(across, up);
    else if (stepped) line.lineTo(across, last);
    line.lineTo(across, up);
    last = up;
    if (min === max) return;
    extremes.moveTo(across, y(sheet, min));
    extremes.lineTo(across, y(sheet, max));
  });
  ctx.globalAlpha = 0.4;
  ctx.stroke(extremes);
  ctx.globalAlpha = 1;
  ctx.stroke(line);
}

function drawLimits(sheet: Sheet, ctx: CanvasRenderingContext2D, px: number): void {
  const { bbox } = sheet.plot;
  ctx.font = scaled(AXIS_FONT);
  ctx.lineWidth = 1.5 * px;
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  ctx.setLineDash([6 * px, 4 * px]);
  for (const { value, priority, words } of sheet.picture.limits) {
    const at = y(sheet, value);
    if (at < bbox.top - 1 || at > bbox.top + bbox.height + 1) continue;
    ctx.strokeStyle = ctx.fillStyle = priorityColour(sheet, priority);
    ctx.beginPath();
    ctx.moveTo(bbox.left, at);
    ctx.lineTo(bbox.left + bbox.width, at);
    ctx.stroke();
    const above = at - bbox.top > 34 * px;
    ctx.fillText(words, bbox.left + 6 * px, above ? at - 3 * px : at + 18 * px);
  }
}

/** An incident: a bar at the foot between two lines, with its title as far as there is room; above those it would cover. */
function drawMarks(sheet: Sheet, ctx: CanvasRenderingContext2D, px: number): void {
  const { left: begin, width: whole, top, height } = sheet.plot.bbox;
  const [foot, end] = [top + height, begin + whole];
  ctx.font = scaled(AXIS_FONT);
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  ctx.fillStyle = ctx.strokeStyle = sheet.colours.text;
  ctx.lineWidth = px;
  const taken: number[] = []; // where the titles of each row end
  for (const { from, to, words } of [...sheet.picture.marks].sort((one, other) => one.from - other.from)) {
    const [left, right] = [x(sheet, from), x(sheet, to)];
    ctx.fillRect(left, foot - 4 * px, Math.max(right - left, 3 * px), 4 * px);
    ctx.setLineDash([2 * px, 3 * px]);
    ctx.beginPath();
    for (const edge of [left, right]) {
      ctx.moveTo(edge, top);
      ctx.lineTo(edge, foot);
    }
    ctx.stroke();
    const at = Math.max(left, begin) + 5 * px;
    const title = shortened(ctx, `⚑ ${words}`, end - at - 7 * px);
    const free = taken.findIndex((until) => until < at);
    const row = free < 0 ? taken.length : free;
    taken[row] = at + ctx.measureText(title).width + 5 * px;
    ctx.fillText(title, at, foot - (6 + row * LINE_PX) * px);
  }
}

/** The newest value stands at the end of its line: no legend to look up. Its height, if it is shown. */
function drawLast(sheet: Sheet): number | undefined {
  const { last, bounds } = sheet.picture;
  if (!last || last.time < bounds[0] || last.time > bounds[1]) return undefined;
  const { ctx, bbox } = sheet.plot;
  const px = devicePixelRatio;
  const across = x(sheet, last.time);
  const up = held(sheet, last.value);
  ctx.save();
  ctx.fillStyle = sheet.colours["series-1"];
  ctx.beginPath();
  ctx.arc(across, up, 3.5 * px, 0, 2 * Math.PI);
  ctx.fill();
  ctx.font = scaled(LABEL_FONT);
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillText(last.words, Math.min(across, bbox.left + bbox.width) + 8 * px, up);
  ctx.restore();
  return across > bbox.left + bbox.width - 80 * px ? up : undefined;
}

/** The name of the week before stands at the end of that line, beside that of the newest value. */
function drawBeforeName(sheet: Sheet, before: Columns, taken: number | undefined): void {
  const end = sheet.picture.bounds[1];
  const place = before.times.findLastIndex((time, at) => time <= end && before.mean[at] != null);
  if (place < 0) return;
  const { ctx, bbox } = sheet.plot;
  const px = devicePixelRatio;
  let up = held(sheet, before.mean[place]!);
  if (taken !== undefined && Math.abs(up - taken) < LINE_PX * px) up = taken + (up < taken && taken - LINE_PX * px > bbox.top ? -LINE_PX : LINE_PX) * px;
  ctx.save();
  ctx.font = scaled(AXIS_FONT);
  ctx.fillStyle = sheet.colours.muted;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillText(t("chart.before"), bbox.left + bbox.width + 8 * px, up);
  ctx.restore();
}

function held(sheet: Sheet, value: number): number {
  const { top, height } = sheet.plot.bbox;
  return Math.min(Math.max(y(sheet, value), top), top + height);
}

function priorityColour({ colours }: Sheet, priority: number): string {
  return colours[`p${priority}` as keyof Colours] ?? colours.muted;
}

function shortened(ctx: CanvasRenderingContext2D, words: string, room: number): string {
  if (ctx.measureText(words).width <= room) return words;
  let length = words.length;
  while (length > 1 && ctx.measureText(`${words.slice(0, length)}…`).width > room) length -= 1;
  return `${words.slice(0, length)}…`;
}

export function scaled(font: string): string {
  return font.replace(/(\d+)px/, (_, size: string) => `${Number(size) * devicePixelRatio}px`);
}
