// Devices of the plant and their keys: added, handed over to a new key, revoked.

import { get, send } from "../api.ts";
import { destroy, dialog, secret } from "../dialog.ts";
import { h, icon } from "../dom.ts";
import { day, minutes, moment, step } from "../format.ts";
import type { DeviceKey, DeviceStatus } from "../model.ts";
import { empty, panel, Part } from "../part.ts";
import { plant } from "../plant.ts";
import { start } from "../start.ts";
import { deed, deeds, table } from "../table.ts";
import { t } from "../text.ts";
import { tag } from "../value.ts";
import { addDevice } from "./add-device.ts";

export class DevicesElement extends Part {
  protected async draw(): Promise<Node[]> {
    const { devices } = await get<{ devices: DeviceStatus[] }>("/devices");
    const ours = devices.filter(({ device }) => device.factory_id === start.factory).sort((a, b) => a.device.name.localeCompare(b.device.name));
    const add = h("button", { type: "button", class: "button small head-deed", click: () => addDevice(() => void this.load()) }, icon("plus"), t("admin.devices.add"));
    const rows = ours.map((status) => {
      const { device, state, received_at } = status;
      return [
        h("span", {}, h("a", { class: "where", href: `/dashboard/devices/${device.id}` }, device.name), h("span", { class: "sub" }, [device.machine, device.area].filter(Boolean).join(" · "))),
        tag(state, received_at), step(device.expected_interval_ms), deeds(deed(t("admin.devices.keys"), device.name, () => void keys(status)))];
    });
    const shown = panel(t("admin.devices.all", { n: ours.length }), rows.length
      ? table(t("admin.devices.title"), [t("admin.devices.device"), t("admin.devices.state"), t("admin.devices.interval"), ""], rows)
      : empty(t("admin.devices.none"), t("admin.devices.none_next")));
    shown.querySelector("header")!.append(add);
    return [shown];
  }
}

/** The keys of one device, in a dialog that stays up to date. */
async function keys({ device }: DeviceStatus): Promise<void> {
  const list = h("div", {});
  const trouble = h("p", { class: "wrong", role: "alert" });
  const rotate = h("button", { type: "button", class: "button primary", click: () => void another() }, icon("key-round"), t("admin.devices.rotate"));
  const opened = dialog(t("admin.devices.keys_of", { device: device.name }), h("p", { class: "muted" }, t("admin.devices.rotate_about")), list, trouble, h("p", {}, rotate));
  opened.classList.add("wide");

  async function show(): Promise<void> {
    const { keys: found } = await get<{ keys: DeviceKey[] }>(`/devices/${device.id}/keys`);
    const time = (at: string | null): string => (at ? moment(Date.parse(at), plant.now()) : t("admin.devices.not_used"));
    list.replaceChildren(table(t("admin.devices.keys"), [t("admin.devices.key"), t("admin.devices.made"), t("admin.devices.used"), ""], found.map((key) => [
      h("span", { class: "mono" }, key.id), `${day(Date.parse(key.created_at))} ${minutes(Date.parse(key.created_at))}`, time(key.last_used_at),
      key.revoked_at ? h("span", { class: "word off" }, t("admin.devices.revoked", { time: time(key.revoked_at) }))
        : deeds(deed(t("admin.devices.revoke"), key.id, () => revoke(key.id)))])));
    rotate.hidden = found.filter(({ revoked_at }) => !revoked_at).length >= 2;
  }

  async function another(): Promise<void> {
    try {
      const { key } = await send<{ key: string }>("POST", `/devices/${device.id}/keys`);
      await show();
      secret(t("admin.devices.new_key", { device: device.name }), t("admin.devices.new_key_about"), key);
    } catch (error) {
      trouble.textContent = error instanceof Error ? error.message : t("error.title");
    }
  }

  function revoke(id: string): void {
    destroy(t("admin.devices.revoke_title", { key: id }), t("admin.devices.revoke_about"), device.name, t("admin.devices.revoke"), async () => {
      await send("DELETE", `/devices/${device.id}/keys/${id}`);
      await show();
    });
  }

  await show().catch((error: Error) => { trouble.textContent = error.message; });
}
