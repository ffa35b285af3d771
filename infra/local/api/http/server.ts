/** The HTTP side of the API: one call after another, from the token check to the envelope. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Clock } from "../clock.ts";
import type { CloudHub } from "../cloud.ts";
import { ApiError } from "../errors.ts";
import type { createFaults } from "../faults.ts";
import type { Journal } from "../journal.ts";
import type { LiveTunnels } from "../live-tunnels.ts";
import type { Runs } from "../runs.ts";
import type { CloudChange, StoredToken } from "../state.ts";
import { draftOf, StateError, type StateStore } from "../store.ts";
import { authenticate, authorize } from "./auth.ts";
import { createBodyReader, hasBody, type JsonBody } from "./body.ts";
import { assertJson, assertLocalCaller } from "./caller.ts";
import type { HandlerCall, HandlerResult, Match } from "./router.ts";

export interface ApiParts {
  readonly store: StateStore;
  readonly cloud: CloudHub;
  readonly clock: Clock;
  readonly live: LiveTunnels;
  readonly journal: Journal;
  readonly faults: ReturnType<typeof createFaults>;
  readonly runs: Runs;
  readonly route: (method: string, path: string) => Match;
}

const PREFIX = "/client/v4";
/** Milliseconds; a local caller sends its request at once. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Milliseconds for the headers, which have the token. */
const HEADERS_TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 256;

export function createApiServer(parts: ApiParts): Server {
  const readBody = createBodyReader();
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: 1000,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    (request, response) => listener(request, response),
  );
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    serve(parts, readBody, request, response).catch((error: unknown) => {
      // only a broken connection gets here: every other failure has a response
      response.destroy(error instanceof Error ? error : undefined);
    });
  };
  // the client waits for 100 before it sends its body
  server.on("checkContinue", listener);
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}

/** The outcome of a call: a result, or an error in the envelope. */
type CallOutcome = { readonly handled: HandlerResult } | { readonly error: ApiError };

/** A call whose token is known and whose path leads somewhere. */
interface AdmittedCall {
  readonly token: StoredToken;
  readonly match: Match;
  readonly path: string;
  readonly query: URLSearchParams;
}

async function serve(
  parts: ApiParts,
  readBody: ReturnType<typeof createBodyReader>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const method = request.method ?? "GET";
  const target = request.url ?? "/";
  const shown = target.startsWith(`${PREFIX}/`) ? target.slice(PREFIX.length) : target;
  const [pathname, search] = split(target);
  let token: StoredToken;
  try {
    assertLocalCaller(request);
    token = authenticate(request.headers.authorization, pathname, parts.store.state.tokens);
  } catch (error) {
    // refused callers are not in the journal: they could push out the calls that a test looks for
    respond(request, response, { error: asApiError(error) });
    return;
  }
  const fault = parts.faults.take(method, shown);
  if (fault === "cut") {
    parts.journal.add({ method, path: shown, status: 0 });
    request.socket.destroy();
    return;
  }
  let body: JsonBody | undefined;
  let outcome: CallOutcome;
  try {
    const admitted = { token, query: new URLSearchParams(search), ...findRoute(parts, method, pathname) };
    body = await bodyOf(request, response, admitted.match, readBody);
    if (typeof fault === "object") {
      const { status, code = 10000 + status, message = "A fault that was asked for", pointer, headers = {} } = fault;
      const source = pointer === undefined ? {} : { source: { pointer } };
      throw new ApiError(status, { code, message, ...source }, headers);
    }
    outcome = { handled: handle(parts, admitted, body?.value) };
  } catch (error) {
    outcome = { error: asApiError(error) };
  }
  const result = "handled" in outcome && "result" in outcome.handled ? outcome.handled.result : undefined;
  const dryRun = asksForDryRun(shown);
  if (!dryRun) parts.runs.recordCall({ method, path: shown, body: body?.value, result });
  if (fault === "lost" || fault === "silent") {
    parts.journal.add({ method, path: shown, status: 0, body, dryRun });
    if (fault === "lost") request.socket.destroy();
    return;
  }
  const status = "error" in outcome ? outcome.error.status : (outcome.handled.status ?? 200);
  parts.journal.add({ method, path: shown, status, body, dryRun });
  respond(request, response, outcome);
}

/** The route of a path, found before its body is read. */
function findRoute(parts: ApiParts, method: string, pathname: string): Pick<AdmittedCall, "match" | "path"> {
  if (!pathname.startsWith(`${PREFIX}/`)) {
    throw new ApiError(404, {
      code: 7003,
      message: `Could not route to ${pathname.slice(0, 200)}: the API is under ${PREFIX}/`,
    });
  }
  const path = pathname.slice(PREFIX.length);
  return { match: parts.route(method, path), path: path.slice(0, 200) };
}

/** The body, where the route takes one; a body that it does not take is refused unread. */
async function bodyOf(
  request: IncomingMessage,
  response: ServerResponse,
  { route }: Match,
  readBody: ReturnType<typeof createBodyReader>,
): Promise<JsonBody | undefined> {
  let body: JsonBody | undefined;
  if (hasBody(request)) {
    if (route.body === undefined) {
      throw new ApiError(400, { code: 6007, message: `${route.method} of this path takes no request body` });
    }
    assertJson(request);
    if (request.headers.expect !== undefined) response.writeContinue();
    body = await readBody(request);
  }
  if (body === undefined && route.body === "required")
    throw new ApiError(400, { code: 6007, message: "Malformed JSON in request body: it is empty" });
  return body;
}

/** Runs one call on a draft of the state: it is stored as a whole, or nothing has happened. */
function handle(parts: ApiParts, { token, match, path, query }: AdmittedCall, body: unknown): HandlerResult {
  const { store, cloud, clock, live } = parts;
  const { route, params } = match;
  const changes: CloudChange[] = [];
  const disconnects: string[] = [];
  const reads = route.method === "GET";
  const call: HandlerCall = {
    state: reads ? store.state : draftOf(store.state),
    method: route.method,
    token,
    params,
    query,
    body,
    clock,
    live,
    path,
    reportChange: (change) => void changes.push(change),
    disconnect: (tunnelId) => void disconnects.push(tunnelId),
    requirePermission: (...groups) => authorize(token, groups),
  };
  const dryRun = route.hasDryRun === true && isDryRun(query);
  const handled = route.handle(call);
  if (dryRun) return handled.status === 204 ? handled : { result: null };
  if (changes.length > 0) store.commit(call.state);
  cloud.announce(changes);
  for (const tunnelId of disconnects) cloud.disconnect(tunnelId);
  return handled;
}

/** Whether a path of `/client/v4` has `dry_run=true`, so that nothing is stored. */
const asksForDryRun = (shown: string): boolean => new URLSearchParams(split(shown)[1]).get("dry_run") === "true";

/** @throws 400 where `dry_run` is neither true nor false, or is there twice; the numeric code is ours */
function isDryRun(query: URLSearchParams): boolean {
  const values = query.getAll("dry_run");
  const [value = "false"] = values;
  if (values.length > 1 || (value !== "true" && value !== "false")) {
    const given = values.map((one) => `'${one.slice(0, 100)}'`).join(" and ");
    throw new ApiError(400, {
      code: 20001,
      message: `${given} is not a valid value for dry_run: expected true or false`,
    });
  }
  return value === "true";
}

function split(target: string): [string, string] {
  const at = target.indexOf("?");
  return at < 0 ? [target, ""] : [target.slice(0, at), target.slice(at + 1)];
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof StateError) return new ApiError(500, { code: 10500, message: error.message });
  // a bug of ours; its text may contain secrets, so only its kind is sent
  return new ApiError(500, {
    code: 10500,
    message: `Internal error in the API on localhost (${error instanceof Error ? error.name : typeof error})`,
  });
}

function respond(request: IncomingMessage, response: ServerResponse, outcome: CallOutcome): void {
  response.once("finish", () => {
    // a body that was refused unread must not be taken for the next request
    if (!request.complete) request.destroy();
  });
  if ("error" in outcome) {
    const { status, errors, headers } = outcome.error;
    send(response, status, { result: null, success: false, errors, messages: [] }, headers);
    return;
  }
  const { handled } = outcome;
  if (handled.status === 204) {
    response.writeHead(204).end();
    return;
  }
  send(response, handled.status ?? 200, {
    result: handled.result,
    success: true,
    errors: [],
    messages: [],
    ...(handled.resultInfo === undefined ? {} : { result_info: handled.resultInfo }),
  });
}

function send(
  response: ServerResponse,
  status: number,
  envelope: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  const text = JSON.stringify(envelope);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "cache-control": "no-store",
    ...headers,
  });
  response.end(text);
}
