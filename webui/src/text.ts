// The page's words by their key, filled in.

import { start, type Texts } from "./start.ts";

type Keys<T, Path extends string = ""> = {
  [K in keyof T & string]: T[K] extends string ? `${Path}${K}` : Keys<T[K], `${Path}${K}.`>;
}[keyof T & string];

export type Key = Keys<Texts>;

export function t(key: Key, values: Record<string, string | number> = {}): string {
  let found: unknown = start.texts;
  for (const part of key.split(".")) found = (found as Record<string, unknown>)[part];
  return String(found).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}
