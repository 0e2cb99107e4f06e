import { Chart, LinearScale, LineController, LineElement, PointElement } from "chart.js";
import { place, SERIES, stream } from "./harness.js";

Chart.register(LinearScale, LineController, LineElement, PointElement);

globalThis.measure = (points, frames) => {
  const canvas = document.createElement("canvas");
  place().append(canvas);
  const sets = Array.from({ length: SERIES }, () => ({ data: Array.from({ length: points }, () => ({ x: 0, y: 0 })), pointRadius: 0, borderWidth: 1 }));
  const chart = new Chart(canvas, {
    type: "line",
    data: { datasets: sets },
    options: { animation: false, parsing: false, normalized: true, maintainAspectRatio: false, scales: { x: { type: "linear" } } },
  });
  return stream(points, frames, (times, columns) => {
    sets.forEach(({ data }, series) => {
      for (let each = 0; each < points; each++) {
        data[each].x = times[each];
        data[each].y = columns[series][each];
      }
    });
    chart.update("none");
  });
};
