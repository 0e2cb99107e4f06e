// A chart as a picture to take along: light, with its title, unit, time and the plant's zone.

import { h } from "../dom.ts";
import type { Picture } from "./picture.ts";
import { Plot } from "./plot.ts";
import { scaled } from "./layers.ts";

const HEIGHT = 420;
const HEAD = 64;
const EDGE = 16;

/** title: what is shown; about: where and when. */
export async function png(picture: Picture, title: string, about: string): Promise<Blob> {
  const place = h("div", { class: "plot paper", "aria-hidden": "true" });
  document.body.append(place);
  const plot = new Plot(place, () => HEIGHT, { zoom: () => {}, point: () => {} });
  try {
    plot.show(picture);
    await new Promise((drawn) => setTimeout(drawn)); // uPlot draws in a microtask
    return await framed(plot.canvas, getComputedStyle(place), title, about);
  } finally {
    plot.destroy();
    place.remove();
  }
}

function framed(chart: HTMLCanvasElement, style: CSSStyleDeclaration, title: string, about: string): Promise<Blob> {
  const px = devicePixelRatio;
  const canvas = h("canvas", { width: chart.width, height: chart.height + (HEAD + EDGE) * px });
  const ctx = canvas.getContext("2d")!;
  ctx.fillStyle = style.backgroundColor;
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  ctx.fillStyle = style.color;
  ctx.font = scaled('600 18px "Inter", system-ui, sans-serif');
  ctx.fillText(title, EDGE * px, 30 * px);
  ctx.font = scaled('13px "Inter", system-ui, sans-serif');
  ctx.fillText(about, EDGE * px, 52 * px);
  ctx.drawImage(chart, 0, HEAD * px);
  return new Promise((done, failed) => canvas.toBlob((made) => (made ? done(made) : failed(new Error("no picture"))), "image/png"));
}
