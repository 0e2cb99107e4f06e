// What the page was rendered with: the plant, the person's rights, and the words.

import type en from "../texts/en.json";

export type Texts = (typeof en)["live"];

interface Start {
  factory: number | null;
  /** The device this page is about. */
  device: number | null;
  /** The machine this page is about. */
  machine: number | null;
  /** Whether the page hangs on a wall. */
  kiosk: boolean;
  timeZone: string;
  /** Whether a past moment is shown, and nothing live. */
  replay: boolean;
  mayAcknowledge: boolean;
  maySeeKeys: boolean;
  maySign: boolean;
  mayMakeRules: boolean;
  person: { id: number; name: string; role: "administrator" | "technician" | "operator" | "manager" | "compliance" };
  icons: string;
  language: string;
  texts: Texts;
}

export const start: Start = JSON.parse(document.getElementById("start")?.textContent ?? "");
