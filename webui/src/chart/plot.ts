// The picture itself: uPlot with a band between the extremes, and the layers around its line.

import uPlot from "uplot";
import { span, timeTicks, timeWords, valueWords } from "./axis.ts";
import { AXIS_FONT, COLOURS, drawAbove, drawBeneath, drawBetween, type Colours, type Sheet } from "./layers.ts";
import type { Picture } from "./picture.ts";
import { lineWidth } from "./weight.ts";

export interface Handlers {
  zoom: (from: number, to: number) => void;
  point: (place: number | null) => void;
}

const RIGHT_PX = 80;
const SWITCH_SPAN: [number, number] = [-0.15, 1.15];

export class Plot {
  private readonly plot: uPlot;
  private picture: Picture | undefined;
  private readonly colours = {} as Colours;

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
    this.plot.series[1]!.width = lineWidth(times.length, this.width);
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

  get canvas(): HTMLCanvasElement {
    return this.plot.ctx.canvas;
  }

  destroy(): void {
    this.plot.destroy();
  }

  private options(): uPlot.Options {
    const axis = {
      stroke: () => this.colours.muted,
      font: AXIS_FONT,
      grid: { stroke: () => this.colours["line-soft"], width: 1 },
      ticks: { show: false },
    };
    const edge = { label: "", stroke: () => this.colours["series-1"], width: 1, alpha: 0.4, points: { show: false } };
    return {
      width: this.place.clientWidth || 600,
      height: this.height(),
      ms: 1,
      legend: { show: false },
      padding: [12, RIGHT_PX, 0, 0],
      scales: {
        x: { time: false, range: () => this.picture?.bounds ?? [0, 1] },
        y: { range: (_plot, low, high) => (this.picture?.stepped ? SWITCH_SPAN : this.reach(low, high)) },
      },
      axes: [
        { ...axis, size: 42, gap: 6, splits: (_plot, _axis, from, to) => timeTicks(from, to, this.width), values: (_plot, ticks) => (this.picture ? timeWords(ticks) : ticks.map(() => "")) },
        { ...axis, size: 60, gap: 8, space: 32, ...this.valueAxis() },
      ],
      series: [
        {},
        { label: "", stroke: () => this.colours["series-1"], spanGaps: false, points: { show: true, size: 3, filter: (plot) => alone(plot.data[1]!) } },
        edge, edge,
      ],
      bands: [{ series: [2, 3], fill: () => this.colours["band-1"] }],
      cursor: {
        y: false,
        points: { size: 8, width: 2, stroke: () => this.colours["series-1"], fill: () => this.colours.raised },
        drag: { x: true, y: false, setScale: false },
        ...(this.sync && { sync: { key: this.sync, scales: ["x", null] as [string, null], filters: { pub: isMove, sub: () => true } } }),
      },
      hooks: {
        drawClear: [(plot) => this.drawn(plot, drawBeneath)],
        drawAxes: [(plot) => this.drawn(plot, drawBetween)],
        draw: [(plot) => this.drawn(plot, drawAbove)],
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

  /** What the value axis spans: the line, that of the week before, and what is near them. */
  private reach(low: number | null, high: number | null): [number, number] {
    const { limits = [], band, before } = this.picture ?? {};
    const values = [low, high, ...(before ? [...before.min, ...before.max] : [])].filter((value) => value !== null);
    if (!values.length) return [0, 1];
    const near = [...limits.map(({ value }) => value), ...(band ? [...band.low, ...band.high] : [])].filter((value) => value !== null);
    return span(values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b)), near);
  }

  private drawn(plot: uPlot, layers: (sheet: Sheet) => void): void {
    if (this.picture) layers({ plot, colours: this.colours, picture: this.picture });
  }

  private selected(plot: uPlot): void {
    const { left, width } = plot.select;
    if (width < 8) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.handlers.zoom(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
  }

  private readColours(): void {
    const probe = document.createElement("span");
    this.place.append(probe);
    for (const name of COLOURS) {
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
