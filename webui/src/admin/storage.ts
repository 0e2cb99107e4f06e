// Storage: what the disk holds, how long it will do, and how long each metric is kept.

import { get, send } from "../api.ts";
import { metrics } from "../catalogue.ts";
import { destroy, fillIn } from "../dialog.ts";
import { h, icon, svg } from "../dom.ts";
import { amount, choice } from "../form.ts";
import { day, minutes, NARROW, number } from "../format.ts";
import { empty, panel, Part } from "../part.ts";
import { plant } from "../plant.ts";
import { start } from "../start.ts";
import { deed, deeds, table } from "../table.ts";
import { t } from "../text.ts";

const KINDS = ["readings", "minute", "hour"] as const;
const DAY = 86_400_000;

interface Storage {
  hot_bytes: number;
  sealed_bytes: number;
  sealed_readings: number;
  damaged_files: number;
  free_bytes: number;
  reserve_bytes: number;
  growth_per_day_bytes: number | null;
  days_left: number | null;
}

interface Rule {
  factory_id: number;
  metric: string;
  kind: (typeof KINDS)[number];
  keep_days: number;
  changed_at: string;
}

interface Release {
  at: string;
  factory_id: number;
  metric: string;
  kind: Rule["kind"];
  first_day: string;
  last_day: string;
  rows: number;
  bytes: number;
}

export class StorageElement extends Part {
  private names = new Map<string, string>();

  protected async draw(): Promise<Node[]> {
    const [storage, kept, catalogue] = await Promise.all([get<Storage>("/storage"), get<{ rules: Rule[]; releases: Release[] }>("/retention"), metrics()]);
    this.names = new Map([...catalogue.values()].map(({ name, label }) => [name, label]));
    const here = ({ factory_id }: { factory_id: number }): boolean => factory_id === start.factory;
    return [disk(storage), this.retention(kept.rules.filter(here)), this.released(kept.releases.filter(here))];
  }

  private retention(rules: Rule[]): HTMLElement {
    const add = h("button", { type: "button", class: "button small head-deed", click: () => this.add() }, icon("plus"), t("admin.storage.add"));
    const rows = rules.map((rule) => [
      this.names.get(rule.metric) ?? rule.metric, t(`admin.storage.kind.${rule.kind}`), t("admin.storage.days", { n: rule.keep_days }), day(Date.parse(rule.changed_at)),
      deeds(deed(t("admin.storage.forever"), this.names.get(rule.metric) ?? rule.metric, () => void this.set({ ...rule, keep_days: null })))]);
    const shown = panel(t("admin.storage.retention"), rows.length
      ? table(t("admin.storage.retention"), [t("admin.storage.metric"), t("admin.storage.what"), t("admin.storage.keep"), t("admin.storage.since"), ""], rows)
      : empty(t("admin.storage.all_kept"), t("admin.storage.all_kept_next")));
    shown.querySelector("header")!.append(add);
    return shown;
  }

  private add(): void {
    fillIn(t("admin.storage.add"), [
      choice("metric", t("admin.storage.metric"), [...this.names]),
      choice("kind", t("admin.storage.what"), KINDS.map((kind) => [kind, t(`admin.storage.kind.${kind}`)] as const)),
      amount("keep_days", t("admin.storage.keep_days"), { required: true, min: 1, max: 36_500, step: 1, value: 365 }),
    ], t("admin.storage.next"), async (given) => {
      const metric = this.names.get(String(given.metric)) ?? String(given.metric);
      destroy(t("admin.storage.sure"), t("admin.storage.sure_about", { days: Number(given.keep_days), metric }), metric, t("admin.storage.add"),
        () => this.set({ ...(given as Pick<Rule, "metric" | "kind" | "keep_days">), factory_id: start.factory! }));
    }, t("admin.storage.add_about"));
  }

  private async set({ factory_id, metric, kind, keep_days }: Omit<Rule, "changed_at" | "keep_days"> & { keep_days: number | null }): Promise<void> {
    await send("PUT", "/retention", { factory_id, metric, kind, keep_days });
    await this.load();
  }

  private released(releases: Release[]): HTMLElement {
    const rows = releases.map((one) => [
      `${day(Date.parse(one.at))} ${minutes(Date.parse(one.at))}`, this.names.get(one.metric) ?? one.metric, t(`admin.storage.kind.${one.kind}`),
      `${one.first_day} – ${one.last_day}`, number(one.rows, 0), size(one.bytes)]);
    return panel(t("admin.storage.released"), rows.length
      ? table(t("admin.storage.released"), [t("admin.storage.at"), t("admin.storage.metric"), t("admin.storage.what"), t("admin.storage.of"), t("admin.storage.rows"), t("admin.storage.size")], rows)
      : h("p", { class: "nothing" }, t("admin.storage.none_released")));
  }
}

function disk(storage: Storage): HTMLElement {
  const { hot_bytes: hot, sealed_bytes: sealed, free_bytes: free, reserve_bytes: reserve, days_left: left, growth_per_day_bytes: growth } = storage;
  const tile = (name: string, value: string, about: string): HTMLElement => h("div", { class: "panel tile" }, h("p", { class: "muted" }, name), h("p", { class: "big" }, value), h("p", { class: "muted" }, about));
  const used = hot + sealed;
  const bar = svg("svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none", role: "img", "aria-label": t("admin.storage.used_of", { used: size(used), all: size(used + free) }) },
    svg("rect", { width: (100 * used) / (used + free || 1), height: 1 }));
  const full = left === null ? "" : day(plant.now() + left * DAY);
  return h("div", { class: "disk" },
    storage.damaged_files ? h("p", { class: "broken", role: "alert" }, icon("circle-alert"), h("span", {}, t("admin.storage.damaged", { n: storage.damaged_files }))) : null,
    h("div", { class: "tiles" },
      tile(t("admin.storage.forecast"), left === null ? "—" : left > 3650 ? t("admin.storage.ten_years") : t("admin.storage.days", { n: Math.floor(left) }),
        left === null ? t("admin.storage.no_forecast") : left > 3650 ? t("admin.storage.ample") : t("admin.storage.full_at", { day: full })),
      tile(t("admin.storage.free"), size(free), t("admin.storage.reserve", { size: size(reserve) })),
      tile(t("admin.storage.sealed"), size(sealed), t("admin.storage.readings", { n: number(storage.sealed_readings, 0) })),
      tile(t("admin.storage.hot"), size(hot), growth === null ? t("admin.storage.no_growth") : t("admin.storage.growth", { size: size(growth) }))),
    h("div", { class: "meter" }, bar));
}

/** Bytes as people say them, in powers of 1000 like the disks they bought. */
export function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** power;
  return number(value, power === 0 || value >= 100 ? 0 : 1) + NARROW + units[power];
}
