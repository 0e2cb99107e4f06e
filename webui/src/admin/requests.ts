// Requests for a pilot, as strangers left them on the public page.

import { get } from "../api.ts";
import { h } from "../dom.ts";
import { day, minutes } from "../format.ts";
import { empty, panel, Part } from "../part.ts";
import { t } from "../text.ts";

interface PilotRequest {
  id: number;
  at: string;
  asked: { name: string; email: string; company: string; message: string };
}

export class RequestsElement extends Part {
  protected async draw(): Promise<Node[]> {
    const { pilot_requests: found } = await get<{ pilot_requests: PilotRequest[] }>("/pilot-requests?limit=200");
    if (!found.length) return [panel(t("admin.requests.title"), empty(t("admin.requests.none"), t("admin.requests.none_next")))];
    return [panel(t("admin.requests.title"), h("ul", { class: "letters" }, ...found.map(letter)))];
  }
}

function letter({ at: received, asked: { name, email, company, message } }: PilotRequest): HTMLElement {
  const at = Date.parse(received);
  return h("li", {},
    h("p", {}, h("strong", {}, name), ` · ${company}`),
    h("p", { class: "muted" }, h("a", { href: `mailto:${email}` }, email), ` · ${day(at)} ${minutes(at)}`),
    message && h("p", { class: "letter" }, message));
}
