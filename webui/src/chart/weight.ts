// How wide a line is drawn. A line of one pixel costs a browser half of what a wider one does, and of many readings in a pixel's width nobody sees the difference.

const SPARSE_PX = 1.75;
const DENSE_PX = 1;
const DENSE_POINTS = 2;

/** points: how many are drawn; pixels: on how many. */
export function lineWidth(points: number, pixels: number): number {
  return points > DENSE_POINTS * pixels ? DENSE_PX : SPARSE_PX;
}
