// Whether everything that must work does: the appliance's own checks, asked again every few seconds.

import { h, icon } from "../dom.ts";
import { Element } from "../element.ts";
import { clock } from "../format.ts";
import { panel } from "../part.ts";
import { plant } from "../plant.ts";
import { t, type Key } from "../text.ts";

const AGAIN_MS = 5000;
const KNOWN = new Set(["writer", "database", "migrations", "engine"]);

export class SystemElement extends Element {
  protected begin(signal: AbortSignal): void {
    const ask = (): void => void this.ask();
    const timer = setInterval(ask, AGAIN_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    ask();
  }

  private async ask(): Promise<void> {
    const answer = await fetch("/healthz/ready", { signal: AbortSignal.timeout(AGAIN_MS) })
      .then((response) => response.json() as Promise<{ ready: boolean; checks: Record<string, string> }>)
      .catch(() => null);
    const checks = Object.entries(answer?.checks ?? { appliance: t("error.unreachable") });
    const time = clock(plant.now());
    this.replaceChildren(
      h("p", { class: answer?.ready ? "notice good" : "broken", role: "status" }, answer?.ready ? icon("circle-check") : icon("circle-alert"),
        h("span", {}, t(answer?.ready ? "admin.system.ready" : "admin.system.not_ready"))),
      panel(t("admin.system.checks"), h("ul", { class: "findings padded" }, ...checks.map(([name, said]) =>
        h("li", { "data-weight": said === "ok" ? "good" : "look" }, said === "ok" ? icon("circle-check") : icon("triangle-alert"),
          h("span", {}, h("strong", {}, KNOWN.has(name) ? t(`admin.system.${name}` as Key) : name), ` · ${said === "ok" ? t("admin.system.ok") : said}`)))),
      h("p", { class: "muted lead-line" }, t("admin.system.asked", { time }))),
      panel(t("admin.system.more"), h("div", { class: "padded" }, h("p", {}, t("admin.system.more_about")), h("p", {}, h("code", {}, "carbonseed doctor")))));
  }
}
