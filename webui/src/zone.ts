// Time as the plant's clocks show it. All moments are UTC milliseconds.

const QUARTER = 900_000;

export interface Local {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

export class Zone {
  private readonly offsets = new Map<number, number>();
  private readonly format: Intl.DateTimeFormat;

  constructor(readonly name: string) {
    this.format = new Intl.DateTimeFormat("en-US", {
      timeZone: name, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric",
      hour: "numeric", minute: "numeric", second: "numeric",
    });
  }

  /** What the plant's clocks are ahead of UTC; it changes on quarters of an hour only. */
  offset(ms: number): number {
    const quarter = Math.floor(ms / QUARTER);
    let offset = this.offsets.get(quarter);
    if (offset === undefined) {
      const at = quarter * QUARTER;
      const part: Record<string, number> = {};
      for (const { type, value } of this.format.formatToParts(at)) part[type] = Number(value);
      offset = Date.UTC(part.year!, part.month! - 1, part.day, part.hour, part.minute, part.second) - at;
      this.offsets.set(quarter, offset);
    }
    return offset;
  }

  local(ms: number): Local {
    const date = new Date(ms + this.offset(ms));
    return {
      year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(),
      hour: date.getUTCHours(), minute: date.getUTCMinutes(), second: date.getUTCSeconds(),
    };
  }

  /** The moment at which the plant's clocks show `local`, given as if they stood in UTC. */
  utc(local: number): number {
    return local - this.offset(local - this.offset(local));
  }

  /** The moments at which the plant's clocks show a multiple of `step`, counted from midnight. */
  ticks(from: number, to: number, step: number): number[] {
    const found: number[] = [];
    for (let local = Math.ceil((from + this.offset(from)) / step) * step; ; local += step) {
      const guess = local - this.offset(from);
      const tick = local - this.offset(guess);
      if (tick > to) return found;
      if (tick >= from) found.push(tick);
    }
  }
}
