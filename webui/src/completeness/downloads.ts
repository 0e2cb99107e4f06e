// What can be taken along, and the head of one device's certificate.

import { h } from "../dom.ts";
import { files } from "../file.ts";
import { number, share } from "../format.ts";
import { t } from "../text.ts";
import { shareOf } from "./factory.ts";
import type { Certificate } from "./model.ts";

export function downloads(address: string, of = ""): HTMLElement {
  return files((["json", "csv"] as const).map((format) => ({
    path: `${address}&format=${format}`,
    words: format.toUpperCase(),
    name: of ? `${format.toUpperCase()}: ${of}` : format.toUpperCase(),
  })));
}

export function certificateHead({ device, device_id, counts }: Certificate, address: string): HTMLElement {
  const value = shareOf(counts);
  const said = value === null ? "" : t("completeness.of", { received: number(counts.received, 0), expected: number(counts.expected, 0) });
  return h("header", {}, h("h2", {}, h("a", { href: `/dashboard/devices/${device_id}` }, device)),
    h("p", { class: "muted" }, value === null ? "" : `${share(value)} · ${said}`), h("div", { class: "files-place" }, downloads(address, device)));
}
