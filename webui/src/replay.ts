// The element of the time machine.

import { ReplayElement } from "./replay/replay.ts";

customElements.define("cs-replay", ReplayElement);
