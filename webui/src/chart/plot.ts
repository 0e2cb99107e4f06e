// The picture itself: uPlot with a band between the extremes, hatched gaps, limits and the last value named.

import uPlot from "uplot";
import type { Columns } from "./data.ts";
import { span, timeTicks, timeWords, valueWords } from "./axis.ts";

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
}

export interface Picture {
  columns: Columns;
  bounds: [number, number];
  gaps: [number, number][];
  limits: Limit[];
  periods: Period[];
  last: { time: number; value: number; words: string } | undefined;
  /** For what is either off or on: the words for both. */
  stepped: [string, string] | undefined;
}

export interface Handlers {
  zoom: (from: number, to: number) => void;
  point: (place: number | null) => void;
}

const AXIS_FONT = '12px "Inter", system-ui, sans-serif';
const LABEL_FONT = '600 12px "Inter", system-ui, sans-serif';
const SIGN_FONT = '700 11px "Inter", system-ui, sans-serif';
const RIGHT_PX = 72;
const SWITCH_SPAN: [number, number] = [-0.15, 1.15];

export class Plot {
  private readonly plot: uPlot;
  private picture: Picture | undefined;
  private readonly colours: Record<string, string> = {};

  /** sync: the plots of one name move their cursors together. */
  constructor(private readonly place: HTMLElement, private readonly height: () => number, private readonly handlers: Handlers, private readonly sync?: string) {
    this.readColours();
    this.plot = new uPlot(this.options(), [[], [], [], []], place);
  }

  get width(): number {
    return Math.max(200, Math.floor(this.place.clientWidth - 60 - RIGHT_PX));
  }

  show(picture: Picture): void {
    const stepped = Boolean(picture.stepped) !== Boolean(this.picture?.stepped);
    this.picture = picture;
    if (stepped) this.plot.series[1]!.paths = picture.stepped ? uPlot.paths.stepped!({ align: 1 }) : uPlot.paths.linear!();
    const { times, mean, min, max } = picture.columns;
    this.plot.setData([times, mean, max, min]);
  }

  resize(): void {
    this.plot.setSize({ width: this.place.clientWidth, height: this.height() });
  }

  recolour(): void {
    this.readColours();
    this.plot.redraw(false, true);
  }

  /** Put the cursor on a reading, for those who use the keyboard. */
  point(place: number): void {
    const time = this.plot.data[0][place];
    const value = this.plot.data[1]?.[place];
    if (time === undefined || value === null || value === undefined) return;
    const at = { left: this.plot.valToPos(time, "x"), top: this.plot.valToPos(value, "y") };
    (this.plot.setCursor as (at: { left: number; top: number }, fire: boolean, tellOthers: boolean) => void)(at, true, true);
  }

  destroy(): void {
    this.plot.destroy();
  }

  private options(): uPlot.Options {
    const axis = {
      stroke: () => this.colours.muted!,
      font: AXIS_FONT,
      grid: { stroke: () => this.colours["line-soft"]!, width: 1 },
      ticks: { show: false },
    };
    const edge = { label: "", stroke: "transparent", points: { show: false } };
    return {
      width: this.place.clientWidth || 600,
      height: this.height(),
      ms: 1,
      legend: { show: false },
      padding: [12, RIGHT_PX, 0, 0],
      scales: {
        x: { time: false, range: () => this.picture?.bounds ?? [0, 1] },
        y: { range: (_plot, low, high) => (this.picture?.stepped ? SWITCH_SPAN : low === null || high === null ? [0, 1] : span(low, high, this.limits())) },
      },
      axes: [
        { ...axis, size: 42, gap: 6, splits: (_plot, _axis, from, to) => timeTicks(from, to, this.width), values: (_plot, ticks) => (this.picture ? timeWords(ticks) : ticks.map(() => "")) },
        { ...axis, size: 60, gap: 8, space: 32, ...this.valueAxis() },
      ],
      series: [
        {},
        { label: "", stroke: () => this.colours["series-1"]!, width: 1.75, spanGaps: false, points: { show: true, size: 3, filter: (plot) => alone(plot.data[1]!) } },
        edge, edge,
      ],
      bands: [{ series: [2, 3], fill: () => this.colours["band-1"]! }],
      cursor: {
        y: false,
        points: { size: 7, stroke: () => this.colours["series-1"]!, fill: () => this.colours.raised! },
        drag: { x: true, y: false, setScale: false },
        ...(this.sync && { sync: { key: this.sync, scales: ["x", null] as [string, null], filters: { pub: isMove, sub: () => true } } }),
      },
      hooks: {
        drawClear: [(plot) => { this.drawPeriods(plot); this.drawGaps(plot); }],
        draw: [(plot) => { this.drawLimits(plot); this.drawLast(plot); }],
        setSelect: [(plot) => this.selected(plot)],
        setCursor: [(plot) => this.handlers.point(plot.cursor.idx ?? null)],
      },
    };
  }

  /** The value axis' marks and their words; what is on or off says so. */
  private valueAxis(): Pick<uPlot.Axis, "splits" | "values"> {
    return {
      splits: (_plot, _axis, low, high, step) => {
        if (this.picture?.stepped) return [0, 1];
        const first = Math.ceil(low / step - 1e-9);
        return Array.from({ length: Math.max(0, Math.floor(high / step + 1e-9) - first + 1) }, (_, place) => (first + place) * step);
      },
      values: (plot, ticks) => {
        if (!plot.data[0].length) return ticks.map(() => "");
        return this.picture?.stepped ? this.picture.stepped : valueWords(ticks);
      },
    };
  }

  private limits(): number[] {
    return this.picture?.limits.map(({ value }) => value) ?? [];
  }

  private selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 8) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.handlers.zoom(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
  }

  /** An alarm's time is shaded, with its priority on top. */
  private drawPeriods(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const px = devicePixelRatio;
    ctx.save();
    ctx.font = scaled(SIGN_FONT);
    ctx.textBaseline = "top";
    ctx.textAlign = "center";
    for (const { from, to, priority } of this.picture?.periods ?? []) {
      const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(to, "x", true));
      if (right <= left) continue;
      const width = Math.max(right - left, 2 * px);
      ctx.fillStyle = this.colours[`p${priority}`] ?? this.colours.muted!;
      ctx.globalAlpha = 0.11;
      ctx.fillRect(left, bbox.top, width, bbox.height);
      ctx.globalAlpha = 1;
      ctx.fillRect(left, bbox.top, width, 3 * px);
      if (width < 14 * px) continue;
      ctx.fillRect(left, bbox.top, 14 * px, 15 * px);
      ctx.fillStyle = this.colours.raised!;
      ctx.fillText(String(priority), left + 7 * px, bbox.top + 3 * px);
    }
    ctx.restore();
  }

  private drawGaps(plot: uPlot): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.strokeStyle = this.colours.hatch!;
    ctx.lineWidth = devicePixelRatio;
    for (const [from, to] of this.picture?.gaps ?? []) {
      const left = plot.valToPos(from, "x", true);
      const right = plot.valToPos(to, "x", true);
      if (right - left >= 3 * devicePixelRatio) hatch(ctx, left, right, bbox.top, bbox.height);
    }
    ctx.restore();
  }

  private drawLimits(plot: uPlot): void {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.font = scaled(AXIS_FONT);
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    for (const { value, priority, words } of this.picture?.limits ?? []) {
      const y = plot.valToPos(value, "y", true);
      if (y < bbox.top - 1 || y > bbox.top + bbox.height + 1) continue;
      ctx.strokeStyle = ctx.fillStyle = this.colours[`p${priority}`] ?? this.colours.muted!;
      ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.beginPath();
      ctx.moveTo(bbox.left, y);
      ctx.lineTo(bbox.left + bbox.width, y);
      ctx.stroke();
      const above = y - bbox.top > 20 * devicePixelRatio;
      ctx.fillText(words, bbox.left + 6 * devicePixelRatio, above ? y - 3 * devicePixelRatio : y + 18 * devicePixelRatio);
    }
    ctx.restore();
  }

  /** The newest value stands at the end of its line: no legend to look up. */
  private drawLast(plot: uPlot): void {
    const { last, bounds } = this.picture ?? {};
    if (!last || !bounds || last.time < bounds[0] || last.time > bounds[1]) return;
    const { ctx, bbox } = plot;
    const x = plot.valToPos(last.time, "x", true);
    const y = Math.min(Math.max(plot.valToPos(last.value, "y", true), bbox.top), bbox.top + bbox.height);
    ctx.save();
    ctx.fillStyle = this.colours["series-1"]!;
    ctx.beginPath();
    ctx.arc(x, y, 3.5 * devicePixelRatio, 0, 2 * Math.PI);
    ctx.fill();
    ctx.font = scaled(LABEL_FONT);
    ctx.textAlign = "left";
    ctx.textBaseline = "middle";
    ctx.fillText(last.words, Math.min(x, bbox.left + bbox.width) + 8 * devicePixelRatio, y);
    ctx.restore();
  }

  private readColours(): void {
    const probe = document.createElement("span");
    this.place.append(probe);
    for (const name of ["muted", "raised", "line-soft", "series-1", "band-1", "hatch", "p1", "p2", "p3", "p4"]) {
      probe.style.color = `var(--${name})`;
      this.colours[name] = getComputedStyle(probe).color;
    }
    probe.remove();
  }
}

/** A drag is the business of one plot alone. */
function isMove(type: string): boolean {
  return type === "mousemove" || type === "mouseleave";
}

/** A reading with gaps on both sides has no line to stand on: it is drawn as a point. */
function alone(values: uPlot.AlignedData[1]): number[] {
  const found: number[] = [];
  for (let place = 0; place < values.length; place += 1) {
    if (values[place] != null && values[place - 1] == null && values[place + 1] == null) found.push(place);
  }
  return found;
}

function hatch(ctx: CanvasRenderingContext2D, left: number, right: number, top: number, height: number): void {
  const step = 7 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, right - left, height);
  ctx.clip();
  ctx.beginPath();
  for (let x = Math.floor((left - height) / step) * step; x < right; x += step) {
    ctx.moveTo(x, top + height);
    ctx.lineTo(x + height, top);
  }
  ctx.stroke();
  ctx.restore();
}

function scaled(font: string): string {
  return font.replace(/(\d+)px/, (_, size: string) => `${Number(size) * devicePixelRatio}px`);
}
