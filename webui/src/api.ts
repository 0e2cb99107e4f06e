// Asks the API. The server renews the session by itself; a session that is over leads to the sign-in page.

import { t } from "./text.ts";

export class Trouble extends Error {
  constructor(message: string, readonly instance?: string) {
    super(message);
  }
}

export const get = <T>(path: string): Promise<T> => ask<T>(path, {});

export const post = <T>(path: string): Promise<T> => ask<T>(path, { method: "POST" });

async function ask<T>(path: string, options: RequestInit): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(20_000), headers: { Accept: "application/json" } });
  } catch {
    throw new Trouble(t("error.unreachable"));
  }
  if (response.status === 401) {
    signIn();
    return new Promise<T>(() => {});
  }
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new Trouble(told.detail ?? t("error.unreachable"), told.instance);
  }
  return response.json();
}

export function signIn(): void {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}
