// The incidents that people mark on a chart: the form for one, and the list of those in sight.

import { send } from "../api.ts";
import { fillIn } from "../dialog.ts";
import { h, icon } from "../dom.ts";
import { text } from "../form.ts";
import { moment, zone } from "../format.ts";
import type { Incident } from "../model.ts";
import { plant } from "../plant.ts";
import { start } from "../start.ts";
import { t } from "../text.ts";
import { EXAMPLE, meant, PATTERN, typed } from "./moment.ts";

/** Ask for a title and the time, which begins as what is shown. */
export function mark(device: number, [from, to]: [number, number], done: () => void): void {
  const when = { required: true, placeholder: EXAMPLE, pattern: PATTERN, title: t("chart.pattern") };
  const fields = [
    text("title", t("chart.incident_title"), { required: true, maxlength: 200 }),
    text("from", t("chart.from"), { ...when, value: typed(from) }),
    text("to", t("chart.to"), { ...when, value: typed(to) }, t("chart.in_zone", { zone: zone.name })),
  ];
  fillIn(t("chart.mark"), fields, t("chart.mark_it"), async (given) => {
    const [begin, end] = [given.from, given.to].map((each) => iso(String(each)));
    await send("POST", "/incidents", { device_id: device, title: given.title, from: begin, to: end });
    done();
  }, t("chart.mark_about"));
}

export function listed(incidents: readonly Incident[], look: (from: number, to: number) => void, remove: (id: number) => Promise<void>): HTMLElement {
  return h("ul", { class: "incidents" }, ...incidents.map(({ id, title, from, to, made_by: name }) => {
    const [begin, end] = [Date.parse(from), Date.parse(to)];
    const span = { from: moment(begin, plant.now()), to: moment(end, plant.now()) };
    return h("li", {}, h("span", { "aria-hidden": "true" }, "⚑"),
      h("span", { class: "incident" }, h("strong", {}, title), h("span", { class: "muted" }, t("chart.incident_of", { ...span, name }))),
      h("button", { type: "button", class: "button small", "aria-label": `${t("chart.look")}: ${title}`, click: () => look(begin, end) }, t("chart.look")),
      start.mayAcknowledge && h("button", { type: "button", class: "ghost square", "aria-label": t("chart.unmark", { title }), title: t("chart.unmark", { title }), click: () => void remove(id) }, icon("trash-2")));
  }));
}

/** What is no moment goes as it was typed: the API says so at its field. */
function iso(words: string): string {
  const ms = meant(words);
  return Number.isNaN(ms) ? words : new Date(ms).toISOString();
}
