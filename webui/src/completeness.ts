// The element of the page of completeness.

import { CompletenessElement } from "./elements/completeness.ts";

customElements.define("cs-completeness", CompletenessElement);
