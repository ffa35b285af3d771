import type {
  CounterState,
  ListedExchange,
  LiveMessage,
  RecordedBodies,
  RecordedExchange,
  RuleReading,
} from "../console-data.ts";

/** What `/api/requests` responds. */
export interface ExchangeList {
  readonly exchanges: readonly ListedExchange[];
  readonly kept: number;
  readonly bytes: number;
}

/** What `/api/requests/RAY` responds. */
export interface ExchangeDetails {
  readonly exchange: RecordedExchange;
  readonly bodies?: RecordedBodies;
  readonly backend: { readonly lines: readonly string[]; readonly gatewayMs?: number };
  readonly rules: readonly RuleReading[];
}

/** What `/api/rules` responds. */
export interface RuleList {
  readonly rules: readonly {
    readonly ref: string;
    readonly phase: string;
    readonly action: string;
    readonly description: string;
    readonly enabled: boolean;
    readonly hits: number;
    readonly lastHit?: number;
  }[];
  readonly counters: readonly CounterState[];
}

/** A connector as Cloudflare's API lists it. */
export interface ListedConnector {
  readonly id: string;
  readonly version: string;
  readonly arch: string;
  readonly conns: readonly { readonly colo_name: string; readonly opened_at: string }[];
}

/** Reads JSON of the console's API. Rejects with the reason that it gives. */
export const read = async <T>(path: string): Promise<T> => resultOf(await fetch(path));

/** Does an action of the console's API. Rejects with the reason that it gives. */
export async function post<T>(path: string, value: object): Promise<T> {
  const headers = { "content-type": "application/json" };
  return resultOf(await fetch(path, { method: "POST", headers, body: JSON.stringify(value) }));
}

async function resultOf<T>(response: Response): Promise<T> {
  if (response.ok) return response.json() as Promise<T>;
  const text = await response.text();
  const reason = response.headers.get("content-type")?.startsWith("application/json")
    ? (JSON.parse(text) as { error: string }).error
    : text;
  throw new Error(reason);
}

/** Calls `take` with each message of the live list, until the signal or the console ends it. */
export async function follow(query: string, signal: AbortSignal, take: (message: LiveMessage) => void): Promise<void> {
  const response = await fetch(`/api/live?${query}`, { signal });
  if (!response.ok || !response.body) throw new Error(await response.text());
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error("The console has ended.");
    const lines = `${text}${value}`.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) take(JSON.parse(line) as LiveMessage);
  }
}

/** A byte string as text, where it is UTF-8. */
export function readable(bytes: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes, (one) => one.charCodeAt(0)));
  } catch {
    return bytes;
  }
}

export const clockTime = (time: number): string => new Date(time).toTimeString().slice(0, 8);

/** Milliseconds with one digit after the point. */
export const ms = (milliseconds: number): string => `${milliseconds.toFixed(1)} ms`;

/** Text as the byte string of its UTF-8. */
export const bytesOf = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
