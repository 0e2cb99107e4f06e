// The clock of a replay: it stands or runs faster than time does, hour by hour.

import { Film } from "./film.ts";
import { zone } from "../format.ts";
import { plant } from "../plant.ts";

export const SPEEDS = [1, 10, 60, 100] as const;
export const HOUR_MS = 3_600_000;
const LONGEST_TICK_MS = 1000; // a page that slept does not leap
const KEPT = 3;

export class Player extends EventTarget {
  film: Film | undefined;
  playing = false;
  speed: (typeof SPEEDS)[number] = 10;
  trouble: unknown;
  private films = new Map<number, Promise<Film>>();
  private wanted = 0;
  private ticked = 0;

  constructor(public at: number) {
    super();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    setInterval(() => this.tick(), calm ? 1000 : 250);
  }

  /** Go to a moment of the past; its hour is loaded if it is not the one that is shown. */
  async seek(at: number): Promise<void> {
    const now = Date.now();
    this.at = Math.min(at, now - 1000);
    const number = ++this.wanted;
    const from = hourOf(this.at);
    if (this.film?.from === from && this.at < this.film.to) return this.show();
    this.dispatchEvent(new Event("loading"));
    try {
      const film = await this.load(from);
      if (number !== this.wanted) return;
      this.trouble = undefined;
      this.film = film;
      this.at = Math.min(this.at, film.to - 1);
      this.show(true);
    } catch (trouble) {
      if (number !== this.wanted) return;
      this.films.delete(from);
      this.trouble = trouble;
      this.playing = false;
      this.dispatchEvent(new Event("change"));
    }
  }

  play(on: boolean): void {
    this.playing = on;
    this.ticked = Date.now();
    if (on && this.film && this.at >= this.film.to - 1) void this.seek(this.film.to + 1); // there may be more of the past by now
    this.dispatchEvent(new Event("change"));
  }

  /** To the next alert, or the one before. */
  step(by: 1 | -1): void {
    const target = this.beside(by);
    if (target !== undefined) void this.seek(target);
  }

  beside(by: 1 | -1): number | undefined {
    const { film, at } = this;
    if (!film) return undefined;
    return by > 0 ? (film.marks.find((mark) => mark.at > at)?.at ?? film.after) : (film.marks.findLast((mark) => mark.at < at)?.at ?? film.before);
  }

  private tick(): void {
    const now = Date.now();
    const passed = Math.min(LONGEST_TICK_MS, now - this.ticked);
    this.ticked = now;
    const { film } = this;
    if (!this.playing || !film || film.from !== hourOf(this.at)) return;
    const next = this.at + passed * this.speed;
    if (next >= film.to && film.to < film.from + HOUR_MS) {
      this.playing = false; // this is as far as the past goes
      this.at = film.to - 1;
      return this.show();
    }
    const isOver = film.to >= film.from + HOUR_MS; // else the next hour has not begun
    if (isOver && next > (film.from + film.to) / 2) void this.load(film.from + HOUR_MS).catch(() => {});
    void this.seek(next);
  }

  private load(from: number): Promise<Film> {
    const known = this.films.get(from);
    if (known) return known;
    const film = Film.load(from, Math.min(from + HOUR_MS, Date.now()));
    film.then((loaded) => loaded.to < from + HOUR_MS && this.films.delete(from), () => this.films.delete(from));
    this.films.set(from, film);
    for (const old of [...this.films.keys()].slice(0, -KEPT)) this.films.delete(old);
    return film;
  }

  private show(anew = false): void {
    plant.replay(this.at, this.film!.statuses(this.at), this.film!.alerts(this.at), anew);
    this.dispatchEvent(new Event("change"));
  }
}

/** The full hour of the plant's clocks that a moment lies in. */
export function hourOf(at: number): number {
  const local = at + zone.offset(at);
  return at - (local % HOUR_MS);
}
