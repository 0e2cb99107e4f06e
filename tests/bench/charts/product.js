import uPlot from "uplot";
import { place, SERIES, stream } from "./harness.js";
import { lineWidth } from "./weight.ts";

const WIDE = 1200;

globalThis.measure = (points, frames) => {
  const lines = Array.from({ length: SERIES }, (_, each) => ({ stroke: ["#1f5f8b", "#7a5c00", "#6d4a8f", "#2f7268"][each], width: lineWidth(points, WIDE), points: { show: false } }));
  const plot = new uPlot(
    { width: WIDE, height: 420, ms: 1, legend: { show: false }, scales: { x: { time: false } }, series: [{}, ...lines] },
    [[], ...lines.map(() => [])], place());
  return stream(points, frames, (times, columns) => plot.setData([times, ...columns]));
};
