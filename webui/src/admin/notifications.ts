// Who is told of alarms: contacts, rosters, and what became of each message.

import { get, send } from "../api.ts";
import { destroy, fillIn } from "../dialog.ts";
import { h, icon } from "../dom.ts";
import { amount, check, choice, some, text, type Field, type Given } from "../form.ts";
import { day, minutes } from "../format.ts";
import { empty, panel, Part } from "../part.ts";
import { start } from "../start.ts";
import { deed, deeds, table } from "../table.ts";
import { t, type Key } from "../text.ts";

const CHANNELS = ["mail", "webhook", "apprise"] as const;
const WEEK = [1, 2, 3, 4, 5, 6, 7];

interface Contact {
  id: number;
  factory_id: number;
  name: string;
  channel: (typeof CHANNELS)[number];
  user_id: number | null;
  address: string | null;
  has_secret: boolean;
  quiet_from: string | null;
  quiet_to: string | null;
  tell_cleared: boolean;
}

interface Roster {
  id: number;
  factory_id: number;
  name: string;
  weekdays: number[];
  begins: string;
  ends: string;
  lowest_priority: number;
  after_minutes: number;
  contact_ids: number[];
}

interface Delivery {
  id: number;
  factory_id: number;
  alert_id: number | null;
  contact: string;
  channel: string;
  occasion: string;
  state: "queued" | "sent" | "failed" | "dropped";
  reason: string | null;
  attempts: number;
  created_at: string;
}

type Without<T> = Omit<T, "id" | "factory_id"> & { id?: number };

export class NotificationsElement extends Part {
  private contacts: Contact[] = [];
  private rosters: Roster[] = [];

  protected async draw(): Promise<Node[]> {
    const [contacts, rosters, { deliveries }] = await Promise.all([
      get<{ contacts: Contact[]; problems: string[] }>("/notifications/contacts"), get<{ rosters: Roster[]; problems: string[] }>("/notifications/rosters"),
      get<{ deliveries: Delivery[] }>("/notifications/deliveries?limit=50")]);
    const here = ({ factory_id }: { factory_id: number }): boolean => factory_id === start.factory;
    this.contacts = contacts.contacts.filter(here);
    this.rosters = rosters.rosters.filter(here);
    const problems = [...new Set([...contacts.problems, ...rosters.problems])];
    return [
      problems.length ? h("div", { class: "notice bad", role: "status" }, h("ul", { class: "problems" }, ...problems.map((said) => h("li", {}, icon("triangle-alert"), h("span", {}, said))))) : h("p", { class: "notice good" }, icon("circle-check"), h("span", {}, t("admin.notifications.all_told"))),
      this.contactPanel(), this.rosterPanel(), delivered(deliveries.filter(here))];
  }

  private contactPanel(): HTMLElement {
    const rows = this.contacts.map((contact) => [
      h("span", {}, contact.name, h("span", { class: "sub" }, t(`admin.notifications.channel.${contact.channel}`))), contact.address ?? t("admin.notifications.own_address"),
      contact.quiet_from && contact.quiet_to ? `${short(contact.quiet_from)} – ${short(contact.quiet_to)}` : t("admin.notifications.never_quiet"),
      deeds(deed(t("admin.notifications.test"), contact.name, () => void this.test(contact)), deed(t("admin.notifications.change"), contact.name, () => this.edit(contact)),
        deed(t("admin.notifications.remove"), contact.name, () => this.drop(contact)))]);
    return listing(t("admin.notifications.contacts"), t("admin.notifications.add_contact"), () => this.edit(), rows.length
      ? table(t("admin.notifications.contacts"), [t("admin.notifications.name"), t("admin.notifications.address"), t("admin.notifications.quiet"), ""], rows)
      : empty(t("admin.notifications.no_contact"), t("admin.notifications.no_contact_next")));
  }

  private rosterPanel(): HTMLElement {
    const rows = this.rosters.map((roster) => [
      roster.name, `${days(roster.weekdays)} · ${short(roster.begins)} – ${short(roster.ends)}`, t("admin.notifications.up_to", { n: roster.lowest_priority }),
      roster.after_minutes ? t("admin.notifications.after", { n: roster.after_minutes }) : t("admin.notifications.at_once"),
      this.contacts.filter(({ id }) => roster.contact_ids.includes(id)).map(({ name }) => name).join(", "),
      deeds(deed(t("admin.notifications.change"), roster.name, () => this.roster(roster)), deed(t("admin.notifications.remove"), roster.name, () => this.dropRoster(roster)))]);
    return listing(t("admin.notifications.rosters"), t("admin.notifications.add_roster"), this.contacts.length ? () => this.roster() : null, rows.length
      ? table(t("admin.notifications.rosters"), [t("admin.notifications.name"), t("admin.notifications.when"), t("admin.notifications.priorities"), t("admin.notifications.step"), t("admin.notifications.who"), ""], rows)
      : empty(t("admin.notifications.no_roster"), t("admin.notifications.no_roster_next")));
  }

  private edit(contact?: Contact): void {
    const fields = [
      text("name", t("admin.notifications.name"), { required: true, maxlength: 60, value: contact?.name }),
      choice("channel", t("admin.notifications.way"), CHANNELS.map((channel) => [channel, t(`admin.notifications.channel.${channel}`)] as const), contact?.channel ?? "mail"),
      text("address", t("admin.notifications.address"), { maxlength: 500, value: contact?.channel === "apprise" ? "" : contact?.address }, t("admin.notifications.address_hint")),
      text("secret", t("admin.notifications.secret"), { maxlength: 2000, type: "password", autocomplete: "new-password" }, t(contact?.has_secret ? "admin.notifications.secret_kept" : "admin.notifications.secret_hint")),
      text("quiet_from", t("admin.notifications.quiet_from"), { type: "time", value: contact?.quiet_from?.slice(0, 5) }, t("admin.notifications.quiet_hint")),
      text("quiet_to", t("admin.notifications.quiet_to"), { type: "time", value: contact?.quiet_to?.slice(0, 5) }),
      check("tell_cleared", t("admin.notifications.tell_cleared"), contact?.tell_cleared),
    ];
    fillIn(t(contact ? "admin.notifications.change" : "admin.notifications.add_contact"), fields, t("save"), (given) => this.putContacts(without(this.contacts, contact), filled({ ...given, user_id: contact?.user_id ?? null }, contact)));
  }

  private roster(roster?: Roster): void {
    const fields: Field[] = [
      text("name", t("admin.notifications.name"), { required: true, maxlength: 60, value: roster?.name }),
      some("contact_ids", t("admin.notifications.who"), this.contacts.map(({ id, name }) => [String(id), name] as const), (roster?.contact_ids ?? []).map(String)),
      some("weekdays", t("admin.notifications.weekdays"), WEEK.map((each) => [String(each), t(`admin.notifications.weekday.${each}` as Key)] as const), (roster?.weekdays ?? WEEK).map(String)),
      text("begins", t("admin.notifications.begins"), { type: "time", required: true, value: roster?.begins.slice(0, 5) ?? "06:00" }),
      text("ends", t("admin.notifications.ends"), { type: "time", required: true, value: roster?.ends.slice(0, 5) ?? "14:00" }, t("admin.notifications.ends_hint")),
      choice("lowest_priority", t("admin.notifications.priorities"), [1, 2, 3, 4].map((each) => [String(each), t("admin.notifications.up_to", { n: each })] as const), String(roster?.lowest_priority ?? 2)),
      amount("after_minutes", t("admin.notifications.after_minutes"), { required: true, min: 0, max: 10_080, step: 1, value: roster?.after_minutes ?? 0 }, t("admin.notifications.after_hint")),
    ];
    fillIn(t(roster ? "admin.notifications.change" : "admin.notifications.add_roster"), fields, t("save"), (given) => this.putRosters(without(this.rosters, roster), filled({
      ...given, contact_ids: (given.contact_ids as string[]).map(Number), weekdays: (given.weekdays as string[]).map(Number), lowest_priority: Number(given.lowest_priority) }, roster)));
  }

  private drop(contact: Contact): void {
    destroy(t("admin.notifications.remove_title", { name: contact.name }), t("admin.notifications.remove_about"), contact.name, t("admin.notifications.remove"), () => this.putContacts(without(this.contacts, contact)));
  }

  private dropRoster(roster: Roster): void {
    destroy(t("admin.notifications.remove_title", { name: roster.name }), t("admin.notifications.remove_roster_about"), roster.name, t("admin.notifications.remove"), () => this.putRosters(without(this.rosters, roster)));
  }

  private async putContacts(kept: Without<Contact>[], more?: Given): Promise<void> {
    const contacts = [...kept.map(({ has_secret: _, ...one }) => (one.channel === "apprise" ? { ...one, address: null } : one)), ...(more ? [more] : [])];
    await send("PUT", "/notifications/contacts", { factory_id: start.factory, contacts });
    await this.load();
  }

  private async putRosters(kept: Without<Roster>[], more?: Given): Promise<void> {
    await send("PUT", "/notifications/rosters", { factory_id: start.factory, rosters: [...kept, ...(more ? [more] : [])] });
    await this.load();
  }

  private async test(contact: Contact): Promise<void> {
    await send("POST", "/notifications/test", { contact_id: contact.id });
    await this.load();
  }
}

function without<T extends { id: number; factory_id: number }>(all: readonly T[], one: T | undefined): Without<T>[] {
  return all.filter(({ id }) => id !== one?.id).map(({ factory_id: _, ...rest }) => rest as unknown as Without<T>);
}

/** What is left empty is not given. */
function filled(given: Given, was: { id: number } | undefined): Given {
  const there = Object.entries(given).filter(([, value]) => value !== "" && value !== null);
  return { ...Object.fromEntries(there), ...(was && { id: was.id }) };
}

function listing(title: string, words: string, add: (() => void) | null, inside: HTMLElement): HTMLElement {
  const shown = panel(title, inside);
  if (add) shown.querySelector("header")!.append(h("button", { type: "button", class: "button small head-deed", click: add }, icon("plus"), words));
  return shown;
}

function delivered(all: readonly Delivery[]): HTMLElement {
  const title = t("admin.notifications.deliveries");
  if (!all.length) return panel(title, h("p", { class: "nothing" }, t("admin.notifications.none_sent")));
  const rows = all.map((one) => [
    `${day(Date.parse(one.created_at))} ${minutes(Date.parse(one.created_at))}`, h("span", {}, one.contact, h("span", { class: "sub" }, t(`admin.notifications.channel.${one.channel as Contact["channel"]}`))),
    h("span", {}, t(`admin.notifications.occasion.${one.occasion}` as Key), one.alert_id === null ? null : h("a", { class: "sub", href: `/dashboard/alerts?alert=${one.alert_id}` }, t("admin.notifications.alert", { id: one.alert_id }))),
    h("span", {}, h("span", { class: `word ${one.state === "sent" ? "on" : one.state === "dropped" ? "off" : ""}` }, t(`admin.notifications.state.${one.state}`)), one.reason && h("span", { class: "sub" }, one.reason))]);
  return panel(title, table(title, [t("admin.notifications.at"), t("admin.notifications.to"), t("admin.notifications.occasion_of"), t("admin.notifications.became")], rows));
}

function short(clock: string): string {
  return clock.slice(0, 5);
}

function days(weekdays: readonly number[]): string {
  return weekdays.length === WEEK.length ? t("admin.notifications.every_day") : weekdays.map((each) => t(`admin.notifications.weekday.${each}` as Key)).join(" ");
}
