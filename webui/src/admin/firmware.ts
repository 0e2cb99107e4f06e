// Firmware of the nodes: releases, and how one reaches them in stages: one device, a tenth, all.

import { get, send, upload } from "../api.ts";
import { destroy, fillIn } from "../dialog.ts";
import { h, icon } from "../dom.ts";
import { choice, lines, type Field } from "../form.ts";
import { moment, number } from "../format.ts";
import type { DeviceStatus } from "../model.ts";
import { empty, panel, Part } from "../part.ts";
import { plant } from "../plant.ts";
import { start } from "../start.ts";
import { deed, deeds, table } from "../table.ts";
import { t } from "../text.ts";
import { current, earlier, type Rollout, type RolloutDevice } from "./rollouts.ts";

const AGAIN_MS = 5000;

interface Release {
  id: number;
  version: string;
  files: number;
  bytes: number;
  sha256: string;
  key_fingerprint: string;
  added_at: string;
  added_by: string;
}

export class FirmwareElement extends Part {
  private readonly progress = h("div", { class: "stacked" });
  private releases: Release[] = [];
  private chosen: number | undefined;
  private shown = "";

  protected override begin(signal: AbortSignal): void {
    super.begin(signal);
    const again = setInterval(() => document.hidden || void this.follow().catch(() => undefined), AGAIN_MS); // the banner tells a lost line
    signal.addEventListener("abort", () => clearInterval(again));
  }

  protected async draw(): Promise<Node[]> {
    this.shown = "";
    this.releases = (await get<{ releases: Release[] }>("/firmware/releases")).releases;
    await this.follow();
    return [this.progress, this.releasePanel()];
  }

  /** The roll-outs as they are now; drawn anew only where something has changed. */
  private async follow(): Promise<void> {
    const all = (await get<{ rollouts: Rollout[] }>("/firmware/rollouts")).rollouts.filter(({ factory_id }) => factory_id === start.factory);
    const [first] = all;
    const asked = all.find(({ id }) => id === this.chosen) ?? first;
    const one = asked && await get<{ rollout: Rollout; devices: RolloutDevice[] }>(`/firmware/rollouts/${asked.id}`);
    const told = JSON.stringify([all, one]);
    if (told === this.shown) return;
    this.shown = told;
    const focused = this.progress.contains(document.activeElement) ? document.activeElement!.getAttribute("aria-label") : null;
    this.progress.replaceChildren(
      one ? current(one.rollout, one.devices, { halt: () => this.halt(one.rollout), resume: () => this.resume(one.rollout) })
        : panel(t("admin.firmware.rollouts"), empty(t("admin.firmware.none_begun"), t("admin.firmware.none_begun_next"))),
      ...(all.length > 1 ? [earlier(all, one!.rollout.id, (id) => this.look(id))] : []));
    if (focused) this.progress.querySelector<HTMLElement>(`[aria-label="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  private look(id: number): void {
    this.chosen = id;
    void this.follow().catch(() => this.load());
  }

  private releasePanel(): HTMLElement {
    const rows = this.releases.map((release) => [
      release.version,
      t("admin.firmware.size", { size: number(release.bytes / 1000, 0), files: release.files }),
      h("span", { class: "mono", title: release.sha256 }, release.sha256.slice(0, 16)),
      h("span", { class: "mono" }, release.key_fingerprint.slice(0, 16)),
      h("span", {}, moment(Date.parse(release.added_at), plant.now()), h("span", { class: "sub" }, release.added_by)),
      deeds(deed(t("admin.firmware.begin"), release.version, () => void this.ask(release)), deed(t("admin.firmware.remove"), release.version, () => this.discard(release)))]);
    const columns = [t("admin.firmware.version"), t("admin.firmware.bundle"), "SHA-256", t("admin.firmware.signed"), t("admin.firmware.added"), ""];
    const shown = panel(t("admin.firmware.releases"), rows.length ? table(t("admin.firmware.releases"), columns, rows)
      : empty(t("admin.firmware.no_release"), t("admin.firmware.no_release_next")));
    shown.querySelector("header")!.append(h("button", { type: "button", class: "button small head-deed", click: () => this.add() }, icon("plus"), t("admin.firmware.add")));
    return shown;
  }

  private add(): void {
    const input = h("input", { class: "input", type: "file", required: true, id: "bundle" });
    const file: Field = {
      name: "bundle",
      element: h("div", { class: "field" }, h("label", { for: "bundle" }, t("admin.firmware.file")), input, h("p", { class: "hint" }, t("admin.firmware.file_hint"))),
      read: () => input.files?.[0],
      wrong: () => undefined,
    };
    fillIn(t("admin.firmware.add"), [file], t("admin.firmware.add"), async ({ bundle }) => {
      await upload("/firmware/releases", bundle as File);
      await this.load();
    });
  }

  private async ask(release: Release): Promise<void> {
    const { devices } = await get<{ devices: DeviceStatus[] }>("/devices");
    const ours = devices.map(({ device }) => device).filter(({ factory_id }) => factory_id === start.factory);
    const areas = [...new Set(ours.map(({ area }) => area).filter((area) => area !== null && area !== ""))].sort();
    const whom = [["", t("admin.firmware.to_all")] as const, ...areas.map((area) => [`area ${area}`, t("admin.firmware.to_area", { area: area! })] as const),
      ...ours.map(({ id, name }) => [`device ${id}`, name] as const)];
    fillIn(t("admin.firmware.begin_title", { version: release.version }), [choice("whom", t("admin.firmware.whom"), whom)], t("admin.firmware.begin"), async ({ whom: to }) => {
      const named = ours.filter(({ id, area }) => to === `device ${id}` || to === `area ${area}`).map(({ id }) => id);
      const begun = await send<Rollout>("POST", "/firmware/rollouts", { release_id: release.id, factory_id: start.factory, ...(to !== "" && { device_ids: named }) });
      this.look(begun.id);
    }, t("admin.firmware.begin_about"));
  }

  private discard(release: Release): void {
    destroy(t("admin.firmware.remove_title", { version: release.version }), t("admin.firmware.remove_about"), release.version, t("admin.firmware.remove"), async () => {
      await send("DELETE", `/firmware/releases/${release.id}`);
      await this.load();
    });
  }

  private halt({ id, version }: Rollout): void {
    fillIn(t("admin.firmware.halt_title", { version }), [lines("reason", t("admin.firmware.reason"), { required: true, maxlength: 500 })], t("admin.firmware.halt"), async ({ reason }) => {
      await send("POST", `/firmware/rollouts/${id}/halt`, { reason });
      await this.follow();
    }, t("admin.firmware.halt_about"));
  }

  private resume({ id, version }: Rollout): void {
    fillIn(t("admin.firmware.resume_title", { version }), [], t("admin.firmware.resume"), async () => {
      await send("POST", `/firmware/rollouts/${id}/resume`);
      await this.follow();
    }, t("admin.firmware.resume_about"));
  }
}
