// Adds a device, and ends when its first reading is there and is shown.

import { get, post } from "../api.ts";
import { metricsAtLast } from "../catalogue.ts";
import { dialog } from "../dialog.ts";
import { h, icon } from "../dom.ts";
import { amount, choice, Form, text } from "../form.ts";
import { clock, quantity } from "../format.ts";
import type { Device, DeviceStatus } from "../model.ts";
import { plant } from "../plant.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";

const NEW = "new";

interface Machine {
  id: number;
  name: string;
  area: string;
}

export async function addDevice(done: () => void): Promise<void> {
  const { machines } = await get<{ machines: Machine[] }>(`/machines?factory_id=${start.factory}`).catch(() => ({ machines: [] }));
  const machine = choice("machine", t("admin.devices.machine"), [
    ["", t("admin.devices.no_machine")], ...machines.map(({ id, name, area }) => [String(id), [name, area].filter(Boolean).join(" · ")] as const), [NEW, t("admin.devices.new_machine")]]);
  const name = text("machine_name", t("admin.devices.machine_name"), { maxlength: 60 });
  const area = text("machine_area", t("admin.devices.machine_area"), { maxlength: 60 });
  const own = h("div", { class: "form", hidden: true }, name.element, area.element);
  machine.element.querySelector("select")!.addEventListener("change", () => { own.hidden = machine.read() !== NEW; });

  const fields = [
    text("name", t("admin.devices.name"), { required: true, maxlength: 60, placeholder: "furnace-2" }, t("admin.devices.name_hint")), machine,
    amount("seconds", t("admin.devices.seconds"), { required: true, min: 0.1, max: 86_400, value: 10 }, t("admin.devices.seconds_hint")),
  ];
  let machineId: number | null = null;
  const form = new Form(fields, t("admin.devices.register"), async (given) => {
    if (given.machine === NEW && machineId === null) {
      machineId = (await post<Machine>("/machines", { factory_id: start.factory, name: name.read(), area: area.read() })).id;
    }
    const chosen = given.machine === NEW ? machineId : given.machine ? Number(given.machine) : null;
    const asked = { factory_id: start.factory, name: given.name, machine_id: chosen, expected_interval_ms: Math.round(Number(given.seconds) * 1000) };
    const { device, key } = await post<{ device: Device; key: string }>("/devices", asked);
    done();
    opened.close();
    wait(device, key);
  });
  form.element.insertBefore(own, fields[1]!.element.nextSibling);
  const opened = dialog(t("admin.devices.add"), h("ol", { class: "way", "aria-label": t("admin.devices.way") }, ...steps(0)), form.element);
  fields[0]!.element.querySelector("input")!.focus();
}

function steps(now: number): HTMLElement[] {
  return (["describe", "connect", "see"] as const).map((name, place) =>
    h("li", { "aria-current": place === now ? "step" : null, "data-done": place < now }, t(`admin.devices.step.${name}`)));
}

/** The key, this once, and what to do with it; then the first reading as it comes. */
function wait(device: Device, key: string): void {
  const command = `curl --cacert plant-ca.pem ${location.origin}/ingest \\\n  -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" \\\n  -d '{"temperature": 21.5}'`;
  const way = h("ol", { class: "way", "aria-label": t("admin.devices.way") }, ...steps(1));
  const state = h("p", { class: "notice", role: "status" }, icon("clock"), h("span", {}, t("admin.devices.waiting")));
  const ending = new AbortController();
  const opened = dialog(t("admin.devices.connect", { device: device.name }), way, h("p", {}, t("admin.devices.key_about")),
    h("p", { class: "secret" }, h("code", {}, key)), h("details", {}, h("summary", {}, t("admin.devices.try")), h("pre", { class: "mono command" }, command)), state);
  opened.addEventListener("close", () => ending.abort());

  const look = async (status: DeviceStatus | undefined): Promise<void> => {
    if (!status?.latest.length) return;
    ending.abort();
    const catalogue = await metricsAtLast();
    way.replaceChildren(...steps(3));
    const values = status.latest.map(({ metric, value }) => {
      const { label, digits, unit_label } = catalogue.get(metric) ?? { label: metric, digits: 1, unit_label: "" };
      return h("div", {}, h("dt", {}, label), h("dd", {}, quantity(value, digits, unit_label)));
    });
    state.className = "notice good";
    state.replaceChildren(icon("circle-check"), h("span", {}, t("admin.devices.arrived", { time: clock(Date.parse(status.received_at ?? "")) })));
    state.after(h("dl", { class: "facts" }, ...values), h("p", {}, h("a", { class: "button primary", href: `/dashboard/devices/${device.id}` }, t("admin.devices.open"))));
  };
  plant.on("device", (event) => { if (event.detail.device.id === device.id) void look(event.detail); }, ending.signal);
  plant.on("snapshot", () => void look(plant.devices.get(device.id)), ending.signal);
  void look(plant.devices.get(device.id));
}
