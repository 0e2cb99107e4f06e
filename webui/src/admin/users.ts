// People: who may sign in, as what, and in which plants.

import { get, send } from "../api.ts";
import { destroy, fillIn, secret } from "../dialog.ts";
import { h, icon } from "../dom.ts";
import { choice, some, text, type Field } from "../form.ts";
import { day, minutes } from "../format.ts";
import { panel, Part } from "../part.ts";
import { start } from "../start.ts";
import { deed, deeds, table } from "../table.ts";
import { t } from "../text.ts";

const ROLES = ["operator", "technician", "manager", "compliance", "administrator"] as const;
const INVITED_MS = 86_400_000;

interface User {
  id: number;
  email: string;
  name: string;
  role: (typeof ROLES)[number];
  factory_ids: number[];
  disabled_at: string | null;
  last_login_at: string | null;
}

interface Factory {
  id: number;
  name: string;
}

export class UsersElement extends Part {
  private factories: Factory[] = [];

  protected async draw(): Promise<Node[]> {
    const [{ users }, { factories }] = await Promise.all([get<{ users: User[] }>("/users"), get<{ factories: Factory[] }>("/factories")]);
    this.factories = factories;
    const add = h("button", { type: "button", class: "button small head-deed", click: () => this.add() }, icon("user-plus"), t("admin.users.add"));
    const shown = panel(t("admin.users.all", { n: users.length }),
      table(t("admin.users.title"), [t("admin.users.name"), t("admin.users.role"), t("admin.users.plants"), t("admin.users.last"), ""], users.map((user) => this.row(user))));
    shown.querySelector("header")!.append(add);
    return [shown];
  }

  private row(user: User): (Node | string)[] {
    const last = user.last_login_at ? Date.parse(user.last_login_at) : null;
    const plants = this.factories.filter(({ id }) => user.factory_ids.includes(id)).map(({ name }) => name);
    const self = user.id === start.person.id;
    return [
      h("span", {}, user.name, h("span", { class: "sub" }, user.email)),
      h("span", {}, t(`admin.role.${user.role}`), user.disabled_at ? h("span", { class: "sub" }, h("span", { class: "word off" }, t("admin.users.disabled"))) : null),
      user.role === "administrator" ? t("admin.users.every_plant") : plants.join(", ") || "—",
      last === null ? t("admin.users.never") : `${day(last)} ${minutes(last)}`,
      deeds(
        deed(t("admin.users.change"), user.name, () => this.change(user)),
        !self && deed(t("admin.users.reset"), user.name, () => this.reset(user)),
        !self && (user.disabled_at ? deed(t("admin.users.enable"), user.name, () => void this.enable(user)) : deed(t("admin.users.disable"), user.name, () => this.disable(user)))),
    ];
  }

  private fields(user?: User): Field[] {
    return [
      text("name", t("admin.users.name"), { required: true, maxlength: 60, value: user?.name }),
      text("email", t("admin.users.email"), { type: "email", required: true, maxlength: 254, value: user?.email }),
      choice("role", t("admin.users.role"), ROLES.map((role) => [role, t(`admin.role.${role}`)] as const), user?.role ?? "operator", t("admin.users.role_hint")),
      some("factory_ids", t("admin.users.plants"), this.factories.map(({ id, name }) => [String(id), name] as const),
        (user?.factory_ids ?? (this.factories.length === 1 ? [this.factories[0]!.id] : [])).map(String)),
    ];
  }

  private add(): void {
    fillIn(t("admin.users.add"), this.fields(), t("admin.users.add"), async (given) => {
      const { user, code } = await send<{ user: User; code: string }>("POST", "/users", numbered(given));
      await this.load();
      this.invite(user, code);
    }, t("admin.users.add_about"));
  }

  private change(user: User): void {
    fillIn(t("admin.users.change_title", { name: user.name }), this.fields(user), t("save"), async (given) => {
      await send("PATCH", `/users/${user.id}`, numbered(given));
      await this.load();
    });
  }

  private reset(user: User): void {
    destroy(t("admin.users.reset_title", { name: user.name }), t("admin.users.reset_about"), user.name, t("admin.users.reset"), async () => {
      const { code } = await send<{ code: string }>("POST", `/users/${user.id}/reset`);
      this.invite(user, code);
    });
  }

  private disable(user: User): void {
    destroy(t("admin.users.disable_title", { name: user.name }), t("admin.users.disable_about"), user.name, t("admin.users.disable"), async () => {
      await send("PATCH", `/users/${user.id}`, { disabled: true });
      await this.load();
    });
  }

  private async enable(user: User): Promise<void> {
    await send("PATCH", `/users/${user.id}`, { disabled: false });
    await this.load();
  }

  /** The way in, told this once: a link for the person, with the code in it. */
  private invite(user: User, code: string): void {
    const until = Date.now() + INVITED_MS;
    secret(t("admin.users.code_title", { name: user.name }), t("admin.users.code_about", { time: `${day(until)} ${minutes(until)}` }),
      `${location.origin}/password?code=${encodeURIComponent(code)}`);
  }
}

function numbered(given: Record<string, unknown>): Record<string, unknown> {
  return { ...given, factory_ids: (given.factory_ids as string[]).map(Number) };
}
