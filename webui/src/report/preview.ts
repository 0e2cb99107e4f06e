// The first page of a report: what happened, is the data complete, is anything beyond its limits.

import { h, icon } from "../dom.ts";
import { day, moment, share, zone } from "../format.ts";
import type { Finding, Report } from "../model.ts";
import { plant } from "../plant.ts";
import { t } from "../text.ts";

const QUESTIONS = ["happened", "complete", "limits"] as const;

export function preview(report: Report, sha256: string): HTMLElement {
  const { period, factory, completeness_share: complete, generated_at } = report;
  const last = Date.parse(period.end) - 1;
  const made = t("reports.made", { time: moment(generated_at ? Date.parse(generated_at) : plant.now(), plant.now()), zone: zone.name });
  return h("article", { class: "preview" },
    h("h3", {}, report.title),
    h("p", { class: "muted" }, [factory.name, `${day(Date.parse(period.begin))} – ${day(last)}`, made].join(" · ")),
    period.over ? null : h("p", { class: "notice" }, icon("clock"), h("span", {}, t("reports.so_far"))),
    h("p", { class: "completeness" }, h("strong", {}, complete === null ? "—" : share(complete)), " ",
      t(complete === null ? "reports.nothing_expected" : "reports.complete_share")),
    ...QUESTIONS.map((name) => h("section", {}, h("h4", {}, t(`reports.question.${name}`)), h("ul", { class: "findings" }, ...report.summary[name].map(finding)))),
    h("p", { class: "mono muted digest" }, `SHA-256 ${sha256}`));
}

function finding({ weight, text }: Finding): HTMLElement {
  const sign = weight === "good" ? icon("circle-check") : weight === "look" ? icon("triangle-alert") : icon("circle-alert");
  const word = weight === "look" ? t("reports.look") : weight === "unknown" ? t("reports.unknown") : "";
  return h("li", { "data-weight": weight }, sign, h("span", {}, word && h("span", { class: "sr" }, `${word}: `), text));
}
