// Signing a report that one has read; the password is asked for again.

import { post, Trouble } from "../api.ts";
import { h, icon, setText } from "../dom.ts";
import type { SignedReport } from "../model.ts";
import { t } from "../text.ts";

export interface Read {
  kind: string;
  factory_id: number;
  period: string;
  sha256: string;
}

export class SigningForm {
  private readonly meaning = h("select", { class: "input", id: "meaning" },
    ...(["reviewed", "approved"] as const).map((value) => h("option", { value }, t(`reports.meaning.${value}`))));
  private readonly password = h("input", { class: "input", id: "sign-password", type: "password", autocomplete: "current-password", required: true, maxlength: 1024 });
  private readonly trouble = h("p", { class: "wrong", role: "alert" });
  private readonly button = h("button", { class: "button primary" }, icon("signature"), t("reports.sign"));
  readonly element = h("form", { class: "signing", submit: (event) => { event.preventDefault(); void this.sign(); } },
    h("h4", {}, t("reports.sign_title")), h("p", { class: "muted" }, t("reports.sign_why")),
    h("div", { class: "fields" },
      h("div", { class: "field" }, h("label", { for: "meaning" }, t("reports.i")), this.meaning),
      h("div", { class: "field" }, h("label", { for: "sign-password" }, t("reports.password")), this.password),
      this.button),
    this.trouble);

  constructor(private readonly read: Read, private readonly signed: (report: SignedReport) => void) {}

  private async sign(): Promise<void> {
    if (this.button.getAttribute("aria-busy") === "true") return;
    this.button.setAttribute("aria-busy", "true");
    setText(this.trouble, "");
    try {
      const asked = { ...this.read, meaning: this.meaning.value, password: this.password.value };
      this.signed(await post<SignedReport>("/reports/signed", asked));
    } catch (trouble) {
      setText(this.trouble, trouble instanceof Trouble ? trouble.message : t("error.title"));
    } finally {
      this.password.value = "";
      this.button.removeAttribute("aria-busy");
    }
  }
}
