// What the page was rendered with: the plant, the person's rights, and the words.

import type en from "../texts/en.json";

export type Texts = (typeof en)["live"];

interface Start {
  factory: number | null;
  timeZone: string;
  mayAcknowledge: boolean;
  icons: string;
  language: string;
  texts: Texts;
}

export const start: Start = JSON.parse(document.getElementById("start")?.textContent ?? "");
