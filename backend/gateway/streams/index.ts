import type { Service, ServiceSchema } from "moleculer";
import { FROM_CLIENT_HEADER } from "../../authorization.ts";
import { parameterError, refuse } from "../../contract/index.ts";
import { object } from "../../surface/grammar.ts";
import { hasParameters } from "../../surface/path.ts";
import { compileValidator, type Validator } from "../../surface/validator.ts";
import type { HttpEntry, StreamEntry } from "../../surface.ts";
import type { Throttles } from "../../throttle/throttle.ts";
import { evenly } from "../evenly.ts";
import { type Exchange, metaOf, receiverOf } from "../http/exchange.ts";
import { withPathValues } from "../http/path-parameters.ts";
import { readQuery } from "../http/query.ts";
import { corsHeaders } from "../http/responder.ts";
import { checkAccess, untilExpiry } from "../identity.ts";
import type { NodeLimits } from "../limits/node-limits.ts";
import type { RefusalLog } from "../limits/refusal-log.ts";
import { BodyBytes } from "./held-bytes.ts";
import type { ResultMeta } from "./response-head.ts";
import { StreamSlots } from "./slots.ts";
import { isEvents, StreamRun } from "./stream-run.ts";
import { type BodyReaderParts, readBody } from "./take-body.ts";
import { aliasPath, type WebRequest } from "./web-request.ts";
import type { WebResponse } from "./web-response.ts";
import { SeenSignatures } from "./webhook.ts";

/**
 * Entries of kind `stream`. moleculer-web calls the action with the stream of the body, and sends what the action
 * returns. Before that the gateway checks the request (address, limits, identity, role, parameters) and its body;
 * afterwards it decides on the head of the response and on how long the response may take.
 */

export interface StreamParts {
  readonly entries: readonly HttpEntry[];
  readonly refusals: RefusalLog;
  readonly limits: Pick<NodeLimits, "backlog" | "caps" | "times">;
  /** Whether nothing may be served at the moment. */
  readonly isUnfit: () => boolean;
  /** Milliseconds since 1970, for all nodes alike. */
  readonly clock: () => number;
  /** Remembers for all nodes which webhooks were accepted. */
  readonly throttles: Throttles;
  /** The secrets of senders of webhooks, by the name that an entry gives. */
  readonly webhookSecrets: ReadonlyMap<string, readonly string[]>;
}

/** moleculer-web's part of the gateway's service. */
type WebService = Service & {
  addRoute(route: object): void;
  httpHandler(request: object, response: object): Promise<void>;
};

type RunRequest = WebRequest<StreamRun>;

export class Streams {
  readonly #parts: StreamParts;
  readonly #slots: StreamSlots;
  readonly #held: BodyBytes;
  readonly #bodies: BodyReaderParts;
  readonly #running = new Set<StreamRun>();
  readonly #validators = new Map<StreamEntry, Validator>();
  #service: WebService | undefined;
  #isLeaving = false;

  constructor(parts: StreamParts) {
    this.#parts = parts;
    this.#slots = new StreamSlots(parts.limits.caps.streams);
    this.#held = new BodyBytes(parts.limits.caps.bodyBytes);
    const { clock, throttles, webhookSecrets } = parts;
    const { backlog } = parts.limits;
    const seen = new SeenSignatures(throttles, clock);
    const secretsOf = (name: string) => webhookSecrets.get(name) ?? [];
    this.#bodies = { backlog, held: this.#held, clock, seen, secretsOf };
  }

  /** The settings of moleculer-web. Its default routes would lead to every action. */
  readonly settings = {
    routes: [{ path: "/", mappingPolicy: "restrict", aliases: {} }],
    rootCallOptions(options: { requestID?: string; meta?: object }, { run }: RunRequest) {
      options.requestID = run.exchange.id;
      options.meta = run.meta;
    },
  };

  /** Replaces methods of moleculer-web that would send the texts of errors to the client. */
  readonly methods = {
    errorHandler: ({ run }: RunRequest, _response: unknown, error: unknown) => run.fail(refusalOf(error)),
    sendError: ({ run }: RunRequest, _response: unknown, error: unknown) => run.fail(refusalOf(error)),
  } as NonNullable<ServiceSchema["methods"]>;

  /** Called when the gateway's service is created. Throws for a webhook whose secret is not configured. */
  mount(service: Service): void {
    const entries = this.#parts.entries.filter(isStreamEntry);
    checkSecrets(entries, this.#parts.webhookSecrets);
    for (const entry of entries) this.#validators.set(entry, compileValidator(object(entry.params)));
    this.#service = service as WebService;
    this.#service.addRoute({
      path: "/",
      mappingPolicy: "restrict",
      bodyParsers: false,
      logging: false,
      aliases: Object.fromEntries(
        entries.map(({ method, action, body }) => [
          `${method} ${aliasPath(action)}`,
          body === undefined ? action : `stream:${action}`,
        ]),
      ),
      callOptions: {
        timeout: CALL_TIMEOUT_MS,
        // an object for each call: Moleculer writes the state of a stream into it
        get headers() {
          return { [FROM_CLIENT_HEADER]: true };
        },
      },
      onBeforeCall(_ctx: unknown, _route: unknown, request: RunRequest) {
        request.$params = request.run.params;
      },
      onAfterCall(
        { meta }: { meta: ResultMeta },
        _route: unknown,
        { run }: RunRequest,
        to: WebResponse,
        data: unknown,
      ) {
        return run.sendResult(meta, data, to);
      },
    });
  }

  /**
   * Serves a request that the HTTP handler has admitted. Resolves with the status when the response has ended. Rejects
   * with a refusal, when nothing was sent.
   */
  async serve(exchange: Exchange, entry: StreamEntry): Promise<number> {
    const run = new StreamRun(exchange, entry, {
      sendMs: this.#parts.limits.times.readingMs,
      corsHeaders: ({ originKind, request }) =>
        originKind === "allowed" && request.headers.origin !== undefined ? corsHeaders(request.headers.origin) : {},
      isLeaving: () => this.#isLeaving,
      takeSlot: (exchange) => this.#slots.take(receiverOf(exchange)),
      countUnread: (exchange, bytes) => {
        const { request, response } = exchange;
        this.#parts.limits.backlog.unsent(request.socket, response, receiverOf(exchange), bytes);
      },
      reportLateFailure: ({ id }, error) =>
        this.#parts.refusals.error({ err: error, id }, "a streamed response failed"),
      handOver: (request: RunRequest, response: WebResponse) => this.#webService().httpHandler(request, response),
    });
    this.#running.add(run);
    try {
      checkAccess(entry.access, exchange.identity);
      run.params = this.#paramsOf(exchange, entry);
      run.meta = this.#metaOf(exchange, entry);
      if (isEvents(entry)) {
        run.takeSlot();
        this.#endAtTokenExpiry(run);
        // the client reconnects, to another node
        if (this.#isLeaving || this.#parts.isUnfit()) run.endEvents();
      }
      const body = await readBody(run, this.#bodies);
      return await run.respond(body.send).catch(async (error: unknown) => {
        await body.failed?.();
        throw error;
      });
    } finally {
      this.#running.delete(run);
      run.close();
    }
  }

  /** Ends everything that is running for a session. */
  endSession(sid: string): void {
    this.#end((run) => run.exchange.identity?.user.sid === sid);
  }

  /**
   * Called when the permissions of a user have changed. Ends server-sent events, so that the client reconnects and is
   * checked again, and refuses requests whose body has not arrived.
   */
  endUser(id: string): void {
    for (const run of this.#running) if (run.exchange.identity?.user.id === id) run.endUser();
  }

  /** Ends everything that is running for a signed-in user. */
  endAll(): void {
    this.#end((run) => run.exchange.identity !== undefined);
  }

  /** Closes connections after their responses and ends server-sent events, so that clients connect to another node. */
  closeAfterResponses(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    for (const run of this.#running) run.endAndClose();
  }

  /** Ends server-sent events one after the other, evenly over so many milliseconds. */
  release(spread: number): void {
    const events = [...this.#running].filter(({ entry }) => isEvents(entry));
    void evenly(events, spread, (run) => run.endAndClose());
  }

  /** What the limits of streams count now. */
  get readings() {
    const { used, refused } = this.#slots;
    return { streams: { used, refused }, bodyBytes: { used: this.#held.used, refused: this.#held.refused } };
  }

  #webService(): WebService {
    if (!this.#service) throw new Error("invariant: a stream is served before the gateway's service was created");
    return this.#service;
  }

  #end(isAffected: (run: StreamRun) => boolean): void {
    for (const run of this.#running) if (isAffected(run)) run.end(refuse("UNAUTHORIZED"));
  }

  #endAtTokenExpiry(run: StreamRun): void {
    const { identity } = run.exchange;
    if (!identity) return;
    const end = () => run.end(refuse("UNAUTHORIZED"));
    const timer = setTimeout(end, untilExpiry(identity.expiresAt, this.#parts.clock())).unref();
    run.onEnd(() => clearTimeout(timer));
  }

  /** Checked before a byte of the body is read. */
  #paramsOf(exchange: Exchange, entry: StreamEntry): object {
    const given = readQuery(exchange.query, entry.params);
    const params = hasParameters(entry.path) ? withPathValues(exchange.path, entry, given) : given;
    const mismatch = this.#validators.get(entry)?.(params);
    if (mismatch) throw parameterError(mismatch);
    return params;
  }

  #metaOf(exchange: Exchange, entry: StreamEntry): object {
    const meta = metaOf(exchange);
    const lastEventId = exchange.request.headers["last-event-id"];
    const isEventId = typeof lastEventId === "string" && /^[!-~]{1,128}$/.test(lastEventId);
    return isEvents(entry) && isEventId ? { ...meta, lastEventId } : meta;
  }
}

/** Milliseconds in which an action has to return; the stream that it returns may take longer. */
const CALL_TIMEOUT_MS = 30_000;

/** moleculer-web has an error of its own for an action that no node offers. */
function refusalOf(error: unknown): unknown {
  const { name } = (error ?? {}) as { readonly name?: unknown };
  return name === "ServiceUnavailableError" ? refuse("UNAVAILABLE", { retryAfter: 1 }) : error;
}

function isStreamEntry(entry: HttpEntry): entry is StreamEntry {
  return entry.kind === "stream";
}

/** Without a secret every webhook would be refused. */
function checkSecrets(entries: readonly StreamEntry[], secrets: ReadonlyMap<string, readonly string[]>): void {
  for (const { method, path, body } of entries) {
    if (body?.as !== "webhook" || secrets.has(body.secret)) continue;
    const variable = `WEBHOOK_SECRET_${body.secret}`;
    throw new Error(
      `${method} ${path} takes webhooks and has no secret to check them with: set ${variable} to the secret that ` +
        "their sender shows, or to several that are divided by commas while it is changed.",
    );
  }
}
