// Plants, and the time zones that their days are told in.

import { get, send } from "../api.ts";
import { fillIn } from "../dialog.ts";
import { h, icon } from "../dom.ts";
import { text } from "../form.ts";
import { panel, Part } from "../part.ts";
import { table } from "../table.ts";
import { t } from "../text.ts";

interface Factory {
  id: number;
  name: string;
  time_zone: string;
}

export class FactoriesElement extends Part {
  protected async draw(): Promise<Node[]> {
    const { factories } = await get<{ factories: Factory[] }>("/factories");
    const add = h("button", { type: "button", class: "button small head-deed", click: () => this.add() }, icon("plus"), t("admin.factories.add"));
    const rows = factories.map(({ id, name, time_zone }) => [h("a", { href: `/dashboard?factory=${id}` }, name), time_zone]);
    const shown = panel(t("admin.factories.all", { n: factories.length }), table(t("admin.factories.title"), [t("admin.factories.name"), t("admin.factories.zone")], rows));
    shown.querySelector("header")!.append(add);
    return [shown];
  }

  private add(): void {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const zones = h("datalist", { id: "zones" }, ...Intl.supportedValuesOf("timeZone").map((value) => h("option", { value })));
    const opened = fillIn(t("admin.factories.add"), [
      text("name", t("admin.factories.name"), { required: true, maxlength: 60 }),
      text("time_zone", t("admin.factories.zone"), { required: true, list: "zones", value: zone }, t("admin.factories.zone_hint")),
    ], t("admin.factories.add"), async (given) => {
      await send("POST", "/factories", given);
      location.reload(); // the plants in the frame's menu are those of the page
    });
    opened.append(zones);
  }
}
