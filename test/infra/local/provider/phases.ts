/**
 * The recording of a stack's life with the real provider (corpus/real-provider-phases.json), and an API that plays one
 * phase of it. A phase is one command, such as `43-up`. The API responds to each call as recorded, and what it stores
 * is what the calls wrote.
 */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { isDeepStrictEqual } from "node:util";

type Json = Record<string, unknown>;

export interface PhaseCall {
  readonly by: "program" | "provider";
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly body?: Json;
  readonly errors?: readonly unknown[];
}

/** The request of a call, without its response. */
export type CallRequest = Pick<PhaseCall, "method" | "path" | "body">;

const recording: { phases: Record<string, PhaseCall[]> } = JSON.parse(
  readFileSync(new URL("./corpus/real-provider-phases.json", import.meta.url), "utf8"),
);

/** The provider's calls, by phase, in the order in which they were made. */
export const phases: readonly (readonly [name: string, calls: readonly PhaseCall[]])[] = Object.entries(
  recording.phases,
).map(([name, calls]) => [name, calls.filter(({ by }) => by === "provider")]);

/** The first phase in which the record has tags that were set by hand, and the first write that dropped them (P6). */
const TAGGED = { path: /\/dns_records\/8039d09d/, from: "32d-up-tags", until: "43-up" };

/**
 * The object that a path names, as it was before the phase: what the last write before it, or else the first after it,
 * made of it.
 */
export function objectAt(path: string, phase: string): Json {
  const all = phases.flatMap(([name, calls]) => calls.map((call) => ({ name, ...call })));
  const start = all.findIndex(({ name }) => name === phase);
  const writes = all.flatMap((call, index) => (writesTo(call, path) ? [{ index, body: call.body ?? {} }] : []));
  const found = writes.findLast(({ index }) => index < start) ?? writes[0];
  const names = phases.map(([name]) => name);
  const at = names.indexOf(phase);
  const tagged =
    TAGGED.path.test(path) && at >= names.indexOf(TAGGED.from) && at <= names.indexOf(TAGGED.until)
      ? { tags: ["by:hand"] }
      : {};
  return result(path, { ...defaultsAt(path), ...found?.body, ...tagged });
}

/** A creation has no id in its path: its object is recognized by its content. */
function writesTo({ method, path, status, body }: PhaseCall, wanted: string): boolean {
  if (status >= 400 || body === undefined) return false;
  if (method !== "POST") return path === wanted;
  const [collection, id] = [wanted.slice(0, wanted.lastIndexOf("/")), wanted.slice(wanted.lastIndexOf("/") + 1)];
  return path === collection && created(path, body) === id;
}

/** The id that a creation led to: that of the object of the same content that later calls name. */
function created(collection: string, body: Json): string | undefined {
  const key = body.phase === undefined ? "name" : "phase";
  const later = phases.flatMap(([, calls]) => calls);
  const start = later.findIndex((call) => call.path === collection && isDeepStrictEqual(call.body, body));
  const known = later
    .slice(start)
    .find((call) => call.path.startsWith(`${collection}/`) && call.body?.[key] === body[key] && call.method !== "POST");
  return known?.path.slice(collection.length + 1);
}

/** An object of which the recording has no write: what was there before the stack. */
function defaultsAt(path: string): Json {
  if (path.includes("/rulesets/")) return { name: "default", kind: "zone", phase: "http_ratelimit", rules: [] };
  if (path.includes("/dns_records/")) return { type: "CNAME", name: "a.example.com", content: "b.example", ttl: 1 };
  if (path.includes("/settings/")) return { value: "on" };
  return { name: "causeway", config_src: "cloudflare" };
}

/** A body as the API returns it. */
function result(path: string, body: Json): Json {
  const id = path
    .replace(/\/configurations$/, "")
    .split("/")
    .at(-1);
  if (path.includes("/dns_records")) return { id, tags: [], settings: {}, meta: {}, proxiable: true, ...body };
  return path.endsWith("/configurations")
    ? { tunnel_id: id, version: 1, source: "cloudflare", ...body }
    : { id, ...body };
}

/**
 * Runs `use` with an API that plays one phase. A call that was not recorded, or that is made more often than recorded,
 * gets 418.
 */
export async function withRecordedApi<Result>(
  [phase, calls]: (typeof phases)[number],
  use: (baseURL: string, sent: CallRequest[]) => Promise<Result>,
): Promise<Result> {
  const left = [...calls];
  const sent: CallRequest[] = [];
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const method = request.method ?? "";
    const path = (request.url ?? "").replace("/client/v4", "");
    const body = text === "" ? undefined : (JSON.parse(text) as Json);
    sent.push(body === undefined ? { method, path } : { method, path, body });
    const index = left.findIndex(
      (call) =>
        call.method === method && call.path === path && (method !== "POST" || isDeepStrictEqual(call.body, body)),
    );
    const known = left[index];
    if (known) left.splice(index, 1);
    const status = known?.status ?? 418;
    response.writeHead(status, { "content-type": "application/json" });
    const success = status < 400;
    const result = success ? resultOf(method, path, phase, body) : null;
    response.end(
      status === 204 ? undefined : JSON.stringify({ success, errors: known?.errors ?? [], messages: [], result }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/client/v4`, sent);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function resultOf(method: string, path: string, phase: string, body: Json | undefined): unknown {
  if (path.endsWith("/token")) return "token";
  if (method === "POST") return result(`${path}/${created(path, body ?? {}) ?? "0".repeat(32)}`, body ?? {});
  return body === undefined ? objectAt(path, phase) : { ...objectAt(path, phase), ...body };
}
