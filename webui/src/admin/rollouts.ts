// A roll-out as it stands: its stage, how many devices are where, and each of them.

import { h, icon } from "../dom.ts";
import { moment } from "../format.ts";
import { panel } from "../part.ts";
import { plant } from "../plant.ts";
import { deed, deeds, table } from "../table.ts";
import { t } from "../text.ts";

const UPDATES = ["running", "fetching", "offered", "waiting", "failed", "back"] as const;
type Update = (typeof UPDATES)[number];
type Stage = 1 | 2 | 3;

export interface Rollout {
  id: number;
  factory_id: number;
  release_id: number | null;
  version: string;
  state: "running" | "halted" | "done";
  stage: Stage;
  begun_at: string;
  begun_by: string;
  changed_at: string;
  reason: string | null;
  devices: Record<Update, number>;
}

export interface RolloutDevice {
  device_id: number;
  device: string;
  stage: Stage;
  state: Update;
  changed_at: string;
  detail: string;
}

const STATE_WORD = { running: "word on", halted: "word", done: "word off" } as const;
const at = (time: string): string => moment(Date.parse(time), plant.now());

export function current(rollout: Rollout, devices: readonly RolloutDevice[], does: { halt: () => void; resume: () => void }): HTMLElement {
  const { version, state, stage, begun_at, begun_by, reason } = rollout;
  const title = t("admin.firmware.rollout", { version });
  const counts = UPDATES.filter((update) => rollout.devices[update]).map((update) => t("admin.firmware.counted", { n: rollout.devices[update], state: t(`admin.firmware.update.${update}`) }));
  const rows = devices.map((one) => [
    h("a", { class: "where", href: `/dashboard/devices/${one.device_id}` }, one.device), t(`admin.firmware.stage.${one.stage}`),
    h("span", {}, h("span", { class: `word ${one.state === "running" ? "on" : ""}` }, t(`admin.firmware.update.${one.state}`)), one.detail && h("span", { class: "sub" }, one.detail)),
    at(one.changed_at)]);
  const shown = panel(title,
    state === "halted" && h("div", { class: "notice bad", role: "status" }, icon("triangle-alert"), h("span", {}, t("admin.firmware.halted", { time: at(rollout.changed_at), reason: reason ?? "" }))),
    h("p", { class: "inside" }, h("span", { class: STATE_WORD[state] }, t(`admin.firmware.state.${state}`)), " ", state === "done" ? "" : t("admin.firmware.at_stage", { stage, words: t(`admin.firmware.stage.${stage}`) }),
      " ", counts.join(" · "), h("span", { class: "sub" }, t("admin.firmware.begun", { time: at(begun_at), name: begun_by }))),
    table(title, [t("admin.firmware.device"), t("admin.firmware.stage_of"), t("admin.firmware.where"), t("admin.firmware.since")], rows));
  const header = shown.querySelector("header")!;
  if (state === "running") header.append(button(icon("pause"), t("admin.firmware.halt"), version, does.halt));
  if (state === "halted" && rollout.release_id !== null) header.append(button(icon("play"), t("admin.firmware.resume"), version, does.resume));
  return shown;
}

export function earlier(all: readonly Rollout[], shown: number, look: (id: number) => void): HTMLElement {
  const title = t("admin.firmware.all_rollouts");
  return panel(title, table(title, [t("admin.firmware.version"), t("admin.firmware.begun_at"), t("admin.firmware.state_of"), ""], all.map((one) => [
    one.version, h("span", {}, at(one.begun_at), h("span", { class: "sub" }, one.begun_by)), h("span", { class: STATE_WORD[one.state] }, t(`admin.firmware.state.${one.state}`)),
    deeds(one.id !== shown && deed(t("admin.firmware.look"), `${one.version}, ${at(one.begun_at)}`, () => look(one.id)))])));
}

function button(sign: SVGElement, words: string, version: string, click: () => void): HTMLElement {
  return h("button", { type: "button", class: "button small head-deed", "aria-label": `${words}: ${version}`, click }, sign, words);
}
