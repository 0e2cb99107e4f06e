// Four series of which new points come with every frame and old ones leave; how long frames take.

export const SERIES = 4;
const CAME = 10;

/** draw(times, columns) draws all points; resolves with the milliseconds of each frame. */
export async function stream(points, frames, draw) {
  const times = Float64Array.from({ length: points }, (_, place) => 1.7e12 + place * 1000);
  const columns = Array.from({ length: SERIES }, (_, series) => Float64Array.from({ length: points }, (_, place) => value(series, place)));
  let number = points;
  const took = [];
  let before = await frame();
  for (let count = 0; count < frames + 5; count++) {
    times.copyWithin(0, CAME);
    for (const column of columns) column.copyWithin(0, CAME);
    for (let place = points - CAME; place < points; place++, number++) {
      times[place] = 1.7e12 + number * 1000;
      columns.forEach((column, series) => (column[place] = value(series, number)));
    }
    draw(times, columns);
    const now = await frame();
    if (count >= 5) took.push(now - before);
    before = now;
  }
  return took;
}

function value(series, place) {
  return 50 + series * 20 + 8 * Math.sin(place / 900 + series) + ((place * 2654435761) % 1000) / 400;
}

export function frame() {
  return new Promise((done) => requestAnimationFrame(done));
}

export function place() {
  const found = document.createElement("div");
  found.style.width = "1200px";
  found.style.height = "420px";
  document.body.append(found);
  return found;
}
