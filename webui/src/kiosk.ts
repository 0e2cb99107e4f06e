// The dashboard on a wall: the plants take turns, and the screen goes on only where there is something to go on to.

import { plant } from "./plant.ts";
import { start } from "./start.ts";

const TURN_MS = 30_000;

/** `?kiosk=10` turns every ten seconds; while the connection is lost nothing is left: the next page could not be got. */
export function takeTurns(): void {
  const next = document.querySelector<HTMLAnchorElement>("[data-next-plant]");
  const seconds = Number(new URLSearchParams(location.search).get("kiosk"));
  if (!start.kiosk || !next) return;
  setInterval(() => plant.connection === "live" && location.assign(next.href), seconds >= 5 ? seconds * 1000 : TURN_MS);
}
