// What one device measured over the hour: a line for each metric, and where on it the replay is.

import { h, setText, svg } from "../dom.ts";
import { quantity } from "../format.ts";
import type { Metric } from "../model.ts";
import { line } from "../spark.ts";
import { t } from "../text.ts";
import type { Film, PastDevice, Signal } from "./film.ts";
import { last } from "./film.ts";

const POINTS = 240;

export class Lanes {
  readonly element = h("div", { class: "lanes" });
  private film: Film | undefined;
  private device: PastDevice | undefined;
  private lanes: { signal: Signal; metric: Metric; value: HTMLElement; cursor: SVGElement }[] = [];

  show(film: Film, id: number | undefined, at: number, catalogue: Map<string, Metric>): void {
    const device = film.devices.find((one) => one.device.id === id);
    if (this.film !== film || this.device !== device || this.lanes.length === 0) this.draw(film, device, catalogue);
    const x = ((at - film.from) / (film.to - film.from)) * POINTS;
    for (const { signal, metric, value, cursor } of this.lanes) {
      cursor.setAttribute("d", `M${x} 0V48`);
      const place = last(signal.times.length, (each) => signal.times[each]! <= at);
      setText(value, place < 0 ? "—" : quantity(signal.values[place]!, metric.digits, metric.unit_label));
    }
  }

  private draw(film: Film, device: PastDevice | undefined, catalogue: Map<string, Metric>): void {
    this.film = film;
    this.device = device;
    this.lanes = [];
    this.element.replaceChildren();
    for (const signal of device?.signals ?? []) {
      const metric = catalogue.get(signal.metric);
      if (!metric) continue;
      const value = h("span", { class: "number" });
      const cursor = svg("path", { class: "cursor", "vector-effect": "non-scaling-stroke" });
      const points = sampled(signal, film);
      const picture = points.some((point) => point !== null) ? line(points, null) : undefined;
      picture?.append(cursor);
      this.element.append(h("div", { class: "lane" }, h("p", {}, h("span", { class: "muted" }, metric.label), " ", value), picture ?? h("p", { class: "muted" }, t("replay.silent"))));
      this.lanes.push({ signal, metric, value, cursor });
    }
    if (!this.lanes.length) this.element.append(h("p", { class: "muted" }, t("replay.silent")));
  }
}

/** The last value of each part of the hour; a part without one stays empty, but where values are rare. */
function sampled({ times, values }: Signal, { from, to }: Film): (number | null)[] {
  const points: (number | null)[] = new Array(POINTS + 1).fill(null);
  const width = (to - from) / POINTS;
  const rare = times.length ? Math.max(1, Math.ceil((3 * (to - from)) / times.length / width)) : 1;
  times.forEach((time, place) => {
    const at = Math.floor((time - from) / width);
    for (let each = Math.max(0, at); each < Math.min(POINTS, at + rare); each++) points[each] = values[place]!;
  });
  return points;
}
