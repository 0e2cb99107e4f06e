// The pure parts of the pages' scripts: plant time, axes, gaps, views, and how numbers are told.

import "./page.ts";
import assert from "node:assert/strict";
import { test } from "node:test";
import { span, timeTicks, timeWords, valueWords } from "../../../webui/src/chart/axis.ts";
import { csv } from "../../../webui/src/chart/csv.ts";
import { columns, extended, gaps, nearest, stats, usualAt } from "../../../webui/src/chart/data.ts";
import { GROWING, OVER, weekBefore } from "../../../webui/src/chart/spans.ts";
import { between, bounds, fromQuery, intoQuery, moved, zoomed } from "../../../webui/src/chart/view.ts";
import { lineWidth } from "../../../webui/src/chart/weight.ts";
import { age, clock, day, moment, number, offset, quantity, share, signed, stamp, step } from "../../../webui/src/format.ts";
import { before, days } from "../../../webui/src/report/periods.ts";
import type { Series } from "../../../webui/src/model.ts";
import { Zone } from "../../../webui/src/zone.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (text: string): number => Date.parse(text);

function raw(times: number[], values = times.map((_, place) => place)): Series {
  return { unit_label: "°C", digits: 1, from: times[0] ?? 0, to: times.at(-1) ?? 0, source: "raw", bucket_ms: null, times, columns: { value: values } };
}

test("plant time is told in the plant's zone, summer and winter", () => {
  assert.equal(clock(at("2026-11-23T13:31:40Z")), "14:31:40");
  assert.equal(clock(at("2026-07-01T13:31:40Z")), "15:31:40");
  assert.equal(day(at("2026-11-23T23:30:00Z")), "2026-11-24");
  assert.equal(offset(at("2026-07-01T00:00:00Z")), "UTC+2");
});

test("zones of half and quarter hours, and south of the equator, are right", () => {
  for (const [name, time, ahead] of [
    ["Asia/Kathmandu", "2026-11-23T00:00:00Z", 5.75], ["Asia/Kolkata", "2026-11-23T00:00:00Z", 5.5],
    ["America/New_York", "2026-11-23T00:00:00Z", -5], ["Australia/Lord_Howe", "2026-12-23T00:00:00Z", 11], ["UTC", "2026-11-23T00:00:00Z", 0],
  ] as const) assert.equal(new Zone(name).offset(at(time)), ahead * HOUR, name);
});

test("marks stand on full local hours across both changes of the clocks", () => {
  const zone = new Zone("Europe/Berlin");
  const spring = zone.ticks(at("2026-03-28T23:00:00Z"), at("2026-03-29T10:00:00Z"), 6 * HOUR);
  assert.deepEqual(spring.map((tick) => zone.local(tick).hour), [0, 6, 12]);
  const autumn = zone.ticks(at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z"), DAY);
  assert.deepEqual(autumn.map((tick) => new Date(tick).toISOString()), ["2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"]);
});

test("marks ascend and never end the loop wrongly, whatever the stretch", () => {
  const now = at("2026-11-23T12:34:56.789Z");
  for (const length of [10_000, 600_000, HOUR, 8 * HOUR, DAY, 7 * DAY, 30 * DAY, 400 * DAY]) {
    const ticks = timeTicks(now - length, now, 700);
    assert.ok(ticks.length >= 2 && ticks.length <= 10, `${length}: ${ticks.length}`);
    assert.deepEqual(ticks, [...ticks].sort((a, b) => a - b));
    assert.ok(ticks.every((tick) => tick >= now - length && tick <= now));
  }
});

test("the first mark and each midnight carry the date; days are dates alone", () => {
  const evening = at("2026-11-22T21:00:00Z");
  assert.deepEqual(timeWords([evening, evening + HOUR, evening + 2 * HOUR]), ["22:00\n2026-11-22", "23:00", "00:00\n2026-11-23"]);
  assert.deepEqual(timeWords([at("2026-11-22T23:00:00Z"), at("2026-11-23T23:00:00Z")]), ["2026-11-23", "2026-11-24"]);
});

test("values are told with the digits their step needs", () => {
  assert.deepEqual(valueWords([0, 0.05, 0.1]), ["0.00", "0.05", "0.10"]);
  assert.deepEqual(valueWords([1, 1.25, 1.5]), ["1.00", "1.25", "1.50"]);
  assert.deepEqual(valueWords([1000, 1200]), ["1\u202f000", "1\u202f200"]);
  assert.deepEqual(valueWords([-2, 0, 2]), ["\u22122", "0", "2"]);
});

test("a near limit belongs to the picture, a far one does not flatten it", () => {
  assert.ok(span(740, 770, [780])[1] > 780);
  assert.ok(span(20, 25, [900])[1] < 40);
  assert.equal(span(0, 10, [])[0], 0);
  const [low, high] = span(5, 5, []);
  assert.ok(low < 5 && high > 5);
});

test("a gap is an empty place in the line and a stretch of its own", () => {
  const series = raw([0, 10, 20, 100, 110]);
  assert.deepEqual(columns(series, 30).mean, [0, 1, 2, null, 3, 4]);
  assert.deepEqual(gaps(series, 30, 0, 115), [[20, 100]]);
  assert.deepEqual(gaps(series, 30, 0, 200), [[20, 100], [110, 200]]);
  assert.deepEqual(gaps(raw([]), 30, 0, 200), [[0, 200]]);
});

test("buckets stand in their middle, and the line ends on the newest reading", () => {
  const series: Series = {
    unit_label: "", digits: 1, from: 0, to: 25, source: "buckets", bucket_ms: 10, times: [0, 10, 20],
    columns: { min: [1, 2, 3], max: [5, 6, 7], mean: [2, 3, 4], first: [1, 2, 3], last: [2, 3, 6], count: [10, 10, 2] },
  };
  const found = columns(series, 30);
  assert.deepEqual(found.times, [5, 15, 25]);
  assert.deepEqual(found.mean, [2, 3, 6]);
  assert.deepEqual(stats(series), { last: 6, min: 1, max: 7, mean: (2 * 10 + 3 * 10 + 4 * 2) / 22 });
});

test("a newer reading lengthens the series, an older one does not", () => {
  const series = raw([0, 10, 20]);
  assert.deepEqual(extended(series, 30, 9).columns.value, [0, 1, 2, 9]);
  assert.equal(extended(series, 20, 9), series);
  assert.deepEqual(series.times, [0, 10, 20]);
});

test("a view moves and zooms within what has been, and survives the address", () => {
  const now = 1_000 * HOUR;
  const live = { live: true, range: "1h" } as const;
  assert.deepEqual(bounds(live, now), [now - HOUR, now]);
  assert.deepEqual(bounds(moved(live, now, -0.5), now), [now - 1.5 * HOUR, now - 0.5 * HOUR]);
  assert.deepEqual(bounds(moved(live, now, 0.5), now), [now - HOUR, now]);
  assert.deepEqual(bounds(zoomed(live, now, 2), now), [now - 2 * HOUR, now]);
  assert.deepEqual(bounds(zoomed(between(0, HOUR), now, 0.5), now), [HOUR / 4, (3 * HOUR) / 4]);
  const [from, to] = bounds(between(50_000, 50_001), now);
  assert.ok(to - from >= 9_999, "no shorter than what can be told apart");
});

test("an address that makes no sense shows the last hour", () => {
  for (const text of ["", "range=2y", "from=x&to=y", "from=9&to=3", "from=-5&to=7"]) {
    assert.deepEqual(fromQuery(new URLSearchParams(text)), { live: true, range: "1h" }, text);
  }
  const query = new URLSearchParams("device=3&range=8h");
  intoQuery({ live: false, from: 10.4, to: 20.6 }, query);
  assert.equal(query.toString(), "device=3&from=10&to=21");
  assert.deepEqual(fromQuery(query), { live: false, from: 10, to: 21 });
});

test("numbers, units and ages are told as in the whole house", () => {
  assert.equal(quantity(6.8149, 2, "bar"), "6.81\u202fbar");
  assert.equal(number(-0.5, 1), "\u22120.5");
  assert.equal(signed(3.1, 1), "+3.1");
  assert.equal(age(0), "0 s");
  assert.equal(age(89_000), "89 s");
  assert.equal(age(240_000), "4 min");
  assert.equal(age(5 * HOUR), "5 h");
  assert.equal(age(3 * DAY), "3 d");
  assert.equal(step(60_000), "1 min");
  assert.equal(step(90_000), "90 s");
  assert.equal(moment(at("2026-11-23T12:00:00Z"), at("2026-11-23T15:00:00Z")), "13:00");
  assert.equal(moment(at("2026-11-22T12:00:00Z"), at("2026-11-23T15:00:00Z")), "2026-11-22 13:00");
});

test("a typed time is the plant's, also around the changes of the clocks", () => {
  const zone = new Zone("Europe/Berlin");
  const typed = (text: string): string => new Date(zone.utc(Date.parse(`${text}Z`))).toISOString();
  assert.equal(typed("2026-11-23T14:00"), "2026-11-23T13:00:00.000Z");
  assert.equal(typed("2026-03-29T01:59"), "2026-03-29T00:59:00.000Z");
  assert.equal(typed("2026-03-29T03:00"), "2026-03-29T01:00:00.000Z");
  assert.equal(typed("2026-10-25T04:00"), "2026-10-25T03:00:00.000Z");
});

test("a share is never rounded up to complete", () => {
  assert.equal(share(1), "100\u202f%");
  assert.equal(share(0.99999), "99.9\u202f%");
  assert.equal(stamp(at("2026-07-01T13:31:40Z")), "2026-07-01T15:31:40+02:00");
});

test("the file has one line for each reading or step, quoted where it must be", () => {
  const metric = { name: "a,\"b\"", unit_label: "°C", label: "A", digits: 1 };
  const steps: Series = { ...raw([0]), source: "buckets", bucket_ms: 10_000, columns: { min: [1], max: [3], mean: [2], first: [1], last: [3], count: [7] } };
  assert.deepEqual(csv([[metric, raw([at("2026-07-01T00:00:00Z")], [5])], [metric, steps]]).split("\r\n"), [
    "time_utc,time_plant,metric,unit,step_seconds,value,min,max,readings",
    '2026-07-01T00:00:00.000Z,2026-07-01T02:00:00+02:00,"a,""b""",°C,,5,,,1',
    '1970-01-01T00:00:00.000Z,1970-01-01T01:00:00+01:00,"a,""b""",°C,10,2,1,3,7',
    "",
  ]);
});

test("weeks and months are counted back over the ends of years", () => {
  assert.deepEqual(before("weekly", "2027-W01", 2), ["2027-W01", "2026-W53", "2026-W52"]);
  assert.deepEqual(before("weekly", "2026-W01", 1), ["2026-W01", "2025-W52"]);
  assert.deepEqual(before("monthly", "2026-01", 1), ["2026-01", "2025-12"]);
  assert.deepEqual(days("2026-W47"), ["2026-11-16", "2026-11-22"]);
  assert.deepEqual(days("2026-W01"), ["2025-12-29", "2026-01-04"]);
  assert.deepEqual(days("2028-02"), ["2028-02-01", "2028-02-29"]);
});

test("shifts, days and weeks begin on the plant's clock, also when it is changed", () => {
  const now = Date.parse("2026-10-25T05:30:00Z"); // 06:30 in Berlin, the night had 25 hours
  assert.equal(new Date(GROWING.shift(now)).toISOString(), "2026-10-25T05:00:00.000Z");
  assert.deepEqual(OVER.last_shift(now).map((ms) => new Date(ms).toISOString()), ["2026-10-24T20:00:00.000Z", "2026-10-25T05:00:00.000Z"]);
  assert.equal(new Date(GROWING.today(now)).toISOString(), "2026-10-24T22:00:00.000Z");
  assert.equal(new Date(GROWING.week(now)).toISOString(), "2026-10-18T22:00:00.000Z");
  assert.equal(clock(weekBefore(now)), clock(now));
  assert.equal(now - weekBefore(now), 169 * HOUR);
  const night = Date.parse("2026-07-01T02:00:00Z"); // 04:00: the shift began the day before
  assert.equal(new Date(GROWING.shift(night)).toISOString(), "2026-06-30T20:00:00.000Z");
});

test("a growing view ends now, is never empty, and survives the address", () => {
  const begin = Date.parse("2026-07-01T04:00:00Z");
  assert.deepEqual(bounds({ live: true, range: "shift" }, begin), [begin - 60_000, begin]);
  assert.deepEqual(bounds({ live: true, range: "shift" }, begin + HOUR), [begin, begin + HOUR]);
  const query = new URLSearchParams();
  intoQuery({ live: true, range: "today" }, query);
  assert.deepEqual(fromQuery(query), { live: true, range: "today" });
});

test("zooming keeps the moment it is about where it is", () => {
  const view = between(0, 4 * HOUR);
  assert.deepEqual(bounds(zoomed(view, 10 * HOUR, 0.5, HOUR), 0), [HOUR / 2, 2.5 * HOUR]);
});

test("what is nearest to a moment is found, and nothing across a gap", () => {
  const found = { times: [0, 10, 15, 20], mean: [1, 2, null, 4], min: [], max: [] };
  assert.equal(nearest(found, 4, 5), 0);
  assert.equal(nearest(found, 6, 5), 1);
  assert.equal(nearest(found, 14, 3), undefined);
  assert.equal(nearest(found, 99, 3), undefined);
  assert.equal(nearest({ times: [], mean: [], min: [], max: [] }, 1, 9), undefined);
  assert.deepEqual(usualAt({ times: [HOUR, 2 * HOUR], low: [1, null], high: [2, null] }, 1.5 * HOUR), [1, 2]);
  assert.equal(usualAt({ times: [HOUR, 2 * HOUR], low: [1, null], high: [2, null] }, 2 * HOUR), undefined);
  assert.equal(usualAt({ times: [HOUR], low: [1], high: [2] }, 0), undefined);
});

test("dense lines are drawn thin, sparse ones wide", () => {
  assert.equal(lineWidth(100_000, 1200), 1);
  assert.equal(lineWidth(2401, 1200), 1);
  assert.equal(lineWidth(2400, 1200), 1.75);
  assert.equal(lineWidth(0, 200), 1.75);
});
