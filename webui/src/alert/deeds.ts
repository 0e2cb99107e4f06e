// What a person does with alarms. Everything that is done comes back as the alarm is then, and is told to all elements.

import { get, post, Trouble } from "../api.ts";
import { fillIn } from "../dialog.ts";
import { amount, choice, lines, text } from "../form.ts";
import { moment } from "../format.ts";
import type { Alert } from "../model.ts";
import { plant } from "../plant.ts";
import { t } from "../text.ts";

const OWN = "own";
const MINUTES = [15, 60, 480] as const;
const MOST_MINUTES = 10_080;

async function did(alert: Alert, deed: string, body?: unknown): Promise<void> {
  plant.told(await post<Alert>(`/alerts/${alert.id}/${deed}`, body));
}

/** Somebody else may have been first: then the alarm is shown as it is, and the words say who it was. */
export async function acknowledge(alert: Alert, note: string): Promise<void> {
  try {
    await did(alert, "acknowledge", note ? { note } : undefined);
  } catch (trouble) {
    const now = trouble instanceof Trouble && trouble.code === "conflict" ? await detail(alert.id).catch(() => null) : null;
    if (!now) throw trouble;
    plant.told(now.alert);
    const { acknowledged_at: at, acknowledged_by: by } = now.alert;
    throw at ? new Trouble(t("alerts.second", { name: by ?? t("alerts.somebody"), time: moment(Date.parse(at), plant.now()) })) : trouble;
  }
}

export interface AlertEvent {
  at: string;
  what: string;
  who: string | null;
  note: string | null;
  value: number | null;
}

export const detail = (id: number): Promise<{ alert: Alert; events: AlertEvent[] }> => get(`/alerts/${id}`);

export function shelve(alert: Alert): void {
  const how = choice("for", t("alerts.shelve_for"), [...MINUTES.map((each) => [String(each), t(`alerts.minutes.${each}`)] as const), [OWN, t("alerts.minutes.own")]]);
  const own = amount("minutes", t("alerts.own_minutes"), { min: 1, max: MOST_MINUTES, step: 1, value: 120 });
  own.element.hidden = true;
  how.element.addEventListener("change", () => { own.element.hidden = how.read() !== OWN; });
  fillIn(t("alerts.shelve_title", { message: alert.message }), [how, own, text("reason", t("alerts.reason"), { required: true, maxlength: 500 })], t("alerts.shelve"),
    async (given) => did(alert, "shelve", { minutes: given.for === OWN ? given.minutes : Number(given.for), reason: given.reason }), t("alerts.shelve_about"));
}

export const unshelve = (alert: Alert): Promise<void> => did(alert, "unshelve");

export const reset = (alert: Alert): Promise<void> => did(alert, "reset");

export function comment(alert: Alert, done: () => void): void {
  fillIn(t("alerts.comment_title", { message: alert.message }), [lines("text", t("alerts.comment"), { required: true, maxlength: 500 })], t("alerts.comment_save"),
    async (given) => {
      await post(`/alerts/${alert.id}/comments`, { text: given.text });
      done();
    });
}

export function isShelved(alert: Alert): boolean {
  return Boolean(alert.shelved_until) && Date.parse(alert.shelved_until!) > plant.now();
}
