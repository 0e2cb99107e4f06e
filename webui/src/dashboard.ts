// The elements of all pages behind the sign-in, on one stream of events.

import { AlertBookElement } from "./elements/alert-book.ts";
import { AlertsElement } from "./elements/alerts.ts";
import { CardsElement } from "./elements/cards.ts";
import { ChartElement } from "./elements/chart.ts";
import { DeviceChartsElement } from "./elements/device-charts.ts";
import { DeviceHeadElement } from "./elements/device-head.ts";
import { DevicesElement } from "./elements/devices.ts";
import { MachineElement } from "./elements/machine.ts";
import { MachinesElement } from "./elements/machines.ts";
import { MonthElement } from "./elements/month.ts";
import { ReportLinksElement } from "./elements/report-links.ts";
import { ReportsElement } from "./elements/reports.ts";
import { SignedElement } from "./elements/signed.ts";
import { BannerElement, LiveElement } from "./elements/live.ts";
import { OpenElement, SummaryElement } from "./elements/summary.ts";
import { WorseElement } from "./elements/worse.ts";
import { takeTurns } from "./kiosk.ts";
import { machines } from "./machines.ts";
import { figures } from "./overview.ts";
import { offerPalette } from "./palette/open.ts";
import { plant } from "./plant.ts";
import { start } from "./start.ts";

const ELEMENTS = {
  "cs-live": LiveElement,
  "cs-banner": BannerElement,
  "cs-open": OpenElement,
  "cs-summary": SummaryElement,
  "cs-cards": CardsElement,
  "cs-chart": ChartElement,
  "cs-alerts": AlertsElement,
  "cs-devices": DevicesElement,
  "cs-alert-book": AlertBookElement,
  "cs-device-head": DeviceHeadElement,
  "cs-device-charts": DeviceChartsElement,
  "cs-reports": ReportsElement,
  "cs-signed": SignedElement,
  "cs-report-links": ReportLinksElement,
  "cs-machine": MachineElement,
  "cs-machines": MachinesElement,
  "cs-month": MonthElement,
  "cs-worse": WorseElement,
};

/** With no device there is nothing to show but the way to the first one. */
function showWhatThereIs(): void {
  const empty = plant.devices.size === 0;
  document.querySelector("[data-plant]")?.toggleAttribute("hidden", empty);
  document.querySelector("[data-empty]")?.toggleAttribute("hidden", !empty);
}

plant.addEventListener("snapshot", showWhatThereIs);
plant.addEventListener("device", showWhatThereIs);
if (start.factory !== null && !start.replay && document.querySelector("cs-summary")) figures.open();
if (start.factory !== null && document.querySelector("cs-worse")) void figures.answered().then(() => machines.load());
for (const [name, element] of Object.entries(ELEMENTS)) customElements.define(name, element);
if (!start.replay) plant.open();
offerPalette();
takeTurns();
