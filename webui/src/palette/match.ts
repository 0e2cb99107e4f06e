// Which entries of the palette fit what was typed: each word somewhere, best where a word begins.

export interface Entry {
  group: "pages" | "devices" | "machines" | "alerts" | "actions";
  icon: () => Node;
  name: string;
  detail: string;
  run: () => void;
}

const MOST = 12;

export function matching<T extends Pick<Entry, "name" | "detail">>(entries: readonly T[], typed: string): T[] {
  const words = fold(typed).split(/\s+/).filter(Boolean);
  return entries
    .map((entry) => ({ entry, rank: rank(entry, words) }))
    .filter(({ rank: found }) => found !== null)
    .sort((a, b) => a.rank! - b.rank!)
    .slice(0, MOST)
    .map(({ entry }) => entry);
}

/** 0 is best; null where a word is nowhere. Entries of the same rank keep their order. */
function rank({ name, detail }: Pick<Entry, "name" | "detail">, words: string[]): number | null {
  let worst = 0;
  for (const word of words) {
    const found = place(fold(name), word) ?? raised(place(fold(detail), word));
    if (found === null) return null;
    worst = Math.max(worst, found);
  }
  return worst;
}

function place(text: string, word: string): number | null {
  if (text.startsWith(word)) return 0;
  if (text.split(/[^\p{L}\p{N}]+/u).some((part) => part.startsWith(word))) return 1;
  return text.includes(word) ? 2 : null;
}

function raised(found: number | null): number | null {
  return found === null ? null : found + 3;
}

/** Without case and accents: "Prüfstand" is found by "prufstand". */
function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
