// Asks the API. The server renews the session by itself; a session that is over leads to the sign-in page.

import { t } from "./text.ts";

const QUICK_MS = 20_000;
const PATIENT_MS = 120_000;

interface Answer<T> {
  body: T;
  headers: Headers;
}

export class Trouble extends Error {
  constructor(message: string, readonly instance?: string, readonly code?: string) {
    super(message);
  }
}

export const get = async <T>(path: string): Promise<T> => (await read<T>(path, {}, QUICK_MS)).body;

export const post = async <T>(path: string, body?: unknown): Promise<T> =>
  (await read<T>(path, { method: "POST", body: body === undefined ? null : JSON.stringify(body) }, PATIENT_MS)).body;

/** A change of what there is; answers without a body give null. */
export async function send<T>(method: "POST" | "PUT" | "PATCH" | "DELETE", path: string, body?: unknown): Promise<T> {
  const response = await ask(path, { method, body: body === undefined ? null : JSON.stringify(body) }, PATIENT_MS);
  return response.status === 204 ? (null as T) : response.json().catch(unreachable);
}

/** A file as it is. */
export async function upload<T>(path: string, body: Blob): Promise<T> {
  const response = await ask(path, { method: "POST", body, headers: { "Content-Type": "application/octet-stream" } }, PATIENT_MS);
  return response.json().catch(unreachable);
}

/** What takes the appliance some time, with the headers of its answer. */
export const fetched = <T>(path: string): Promise<Answer<T>> => read<T>(path, {}, PATIENT_MS);

/** A file and what it is called. */
export async function file(path: string): Promise<{ data: Blob; name: string }> {
  const response = await ask(path, {}, PATIENT_MS);
  const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
  return { data: await response.blob().catch(unreachable), name: name ?? "download" };
}

async function read<T>(path: string, options: RequestInit, withinMs: number): Promise<Answer<T>> {
  const response = await ask(path, options, withinMs);
  return { body: await response.json().catch(unreachable), headers: response.headers };
}

async function ask(path: string, options: RequestInit, withinMs: number): Promise<Response> {
  const headers = { Accept: "application/json", ...(options.body && { "Content-Type": "application/json" }), ...options.headers };
  const response = await fetch(path, { ...options, signal: AbortSignal.timeout(withinMs), headers }).catch(unreachable);
  if (response.status === 401) {
    signIn();
    return new Promise(() => {});
  }
  if (!response.ok) {
    const told = await response.json().catch(() => ({}));
    throw new Trouble(told.detail ?? t("error.unreachable"), told.instance, told.code);
  }
  return response;
}

function unreachable(): never {
  throw new Trouble(t("error.unreachable"));
}

export function signIn(): void {
  location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}
