// The element of the rules page.

import { RulesElement } from "./rules/list.ts";

customElements.define("cs-rules", RulesElement);
