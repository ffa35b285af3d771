import { AgainApi } from "./again-api.ts";
import { ApiMistake, type ApiResponse, json } from "./api-response.ts";
import type { RecordedBodies } from "./console-data.ts";
import type { ConsoleOptions } from "./console-server-options.ts";
import { CopiesApi } from "./copies-api.ts";
import { DeploymentLog } from "./deployment-log.ts";
import { ExamplesApi } from "./examples-api.ts";
import type { ExchangeFilter } from "./exchange-store.ts";
import { findExchange } from "./find-exchange.ts";
import { listedExchange } from "./listed-exchange.ts";
import { LiveFeed } from "./live-feed.ts";
import { outboxMails } from "./outbox-mails.ts";
import { ruleReadings } from "./rule-readings.ts";

/** Exchanges of a list, where the request names no number, and at most. */
const DEFAULT_LIMIT = 200;
const MAX_LIMIT = 500;

/** Parameters of lists: what each must be. */
const PARAMETERS: Readonly<Record<string, { readonly pattern: RegExp; readonly wanted: string }>> = {
  text: { pattern: /^.{1,200}$/s, wanted: "1 to 200 characters" },
  status: { pattern: /^[1-5](\d\d|xx)$/, wanted: "a status such as 403, or 4xx" },
  rule: { pattern: /^.{1,100}$/s, wanted: "the ref of a rule" },
  path: { pattern: /^.{1,500}$/s, wanted: "the beginning of a path" },
  before: { pattern: /^[1-9]\d{0,14}$/, wanted: "the number of an exchange" },
  limit: { pattern: /^[1-9]\d{0,2}$/, wanted: `1 to ${MAX_LIMIT}` },
};

/** The data of the console, as JSON. */
export class ConsoleApi {
  readonly #options: ConsoleOptions;
  readonly #live: LiveFeed;
  readonly #deployments: DeploymentLog;
  readonly #again: AgainApi;
  readonly #copies: CopiesApi;
  readonly #examples: ExamplesApi;
  readonly #stopRecording: () => void;

  constructor(options: ConsoleOptions) {
    const { recorder, cloud, hostname } = options;
    this.#options = options;
    this.#live = new LiveFeed((kept) => listedExchange(kept, recorder));
    this.#deployments = new DeploymentLog(cloud, hostname, options.clock);
    this.#copies = new CopiesApi(options);
    this.#examples = new ExamplesApi(options);
    this.#again = new AgainApi(options, this.#deployments);
    this.#stopRecording = recorder.onRecorded((kept) => this.#live.publish(kept));
  }

  /** Responds to a GET of a path below `/api/`. */
  respond(url: URL): Promise<ApiResponse> {
    return withMistakes(async () => this.#respond(url));
  }

  /** Does what a POST of JSON asks for. */
  act(url: URL, body: string): Promise<ApiResponse> {
    return withMistakes(async () => this.#act(url, body));
  }

  /** Says that a deployment begins. */
  beginEdit(): void {
    this.#deployments.beginEdit();
  }

  close(): void {
    this.#stopRecording();
    this.#again.close();
    this.#live.close();
    this.#deployments.close();
  }

  #respond(url: URL): ApiResponse | Promise<ApiResponse> {
    const [, , name = "", ray, part, which, ...more] = url.pathname.split("/");
    if (name === "requests" && ray !== undefined && more.length === 0) {
      parametersOf(url, []);
      if (part === undefined) return json(this.#details(ray));
      if (part === "again" && which === undefined) return this.#again.draft(ray);
      if (part === "copies" && which === undefined) return this.#copies.copies(ray);
      if (part === "example" && which === undefined) return this.#examples.choices(ray);
      if (part === "har" && which === undefined) return this.#copies.har(ray);
      if (part === "image" && (which === "request" || which === "response")) return this.#image(ray, which);
    }
    if (ray !== undefined) throw new ApiMistake(404, `There is no ${url.pathname}.`);
    switch (name) {
      case "requests":
        return json(this.#list(url));
      case "har": {
        const { limit, ...filter } = parametersOf(url, ["text", "status", "rule", "path", "limit"]);
        return this.#copies.harList(filter, Math.min(MAX_LIMIT, Number(limit ?? MAX_LIMIT)));
      }
      case "live":
        return this.#follow(url);
      case "rules":
        return json(this.#rules());
      case "deployments":
        return json({ changes: this.#deployments.changes });
      case "connectors":
        return this.#options.connectors().then((connectors) => json({ connectors }));
      case "mails":
        return this.#mails();
      default:
        throw new ApiMistake(404, `There is no ${url.pathname}.`);
    }
  }

  #act(url: URL, body: string): ApiResponse | Promise<ApiResponse> {
    parametersOf(url, []);
    const value = parsed(body);
    switch (url.pathname) {
      case "/api/again":
        return this.#again.send(value);
      case "/api/judge":
        return this.#again.judge(value);
      case "/api/examples/propose":
        return this.#examples.propose(value);
      case "/api/examples/write":
        return this.#examples.write(value);
      default:
        throw new ApiMistake(404, `There is no action ${url.pathname}.`);
    }
  }

  #list(url: URL): object {
    const { before, limit, ...filter } = parametersOf(url, ["text", "status", "rule", "path", "before", "limit"]);
    const { exchanges } = this.#options.recorder;
    const count = Math.min(MAX_LIMIT, Number(limit ?? DEFAULT_LIMIT));
    const found = exchanges.list(filter, count, before === undefined ? undefined : Number(before));
    return {
      exchanges: found.map((summary) => listedExchange({ summary }, this.#options.recorder)),
      kept: exchanges.count,
      bytes: exchanges.bytes,
    };
  }

  #follow(url: URL): ApiResponse {
    const filter: ExchangeFilter = parametersOf(url, ["text", "status", "rule", "path"]);
    if (this.#live.isFull) throw new ApiMistake(503, "Too many pages read the live list: close one.");
    return { kind: "live", begin: (response) => this.#live.add(response, filter) };
  }

  /** One exchange with all that is known of it. */
  #details(ray: string): object {
    const { kept, exchange, bodies } = findExchange(this.#options.recorder, ray);
    const { lines = [], gatewayMs } = this.#options.recorder.backend.get(ray) ?? {};
    return {
      exchange,
      ...(bodies && { bodies }),
      backend: { lines, ...(gatewayMs !== undefined && { gatewayMs }) },
      rules: kept.zone && exchange.outcome !== "none" ? ruleReadings(kept.zone, exchange) : [],
    };
  }

  /** A body that is a picture by its first bytes, whatever its sender called it. */
  #image(ray: string, which: keyof RecordedBodies): ApiResponse {
    const body = findExchange(this.#options.recorder, ray).bodies?.[which];
    const bytes = Buffer.from(body?.kind === "bytes" ? body.content : "", "base64");
    const head = bytes.subarray(0, 12).toString("latin1");
    const type = IMAGES.find(([pattern]) => pattern.test(head))?.[1];
    if (type === undefined) throw new ApiMistake(404, "This body is no picture.");
    return { kind: "whole", status: 200, type, body: bytes };
  }

  /** The rules that are deployed now, what they did in this run, and the counters of rate limits. */
  #rules(): object {
    const { recorder, cloud, hostname } = this.#options;
    const zone = cloud.zoneOf(hostname);
    const rulesets = [...(zone?.accountRulesets ?? []), ...(zone?.rulesets ?? [])];
    return {
      rules: rulesets.flatMap(({ phase, rules }) =>
        rules.map(({ ref, action, description = "", expression, enabled = true }) => {
          const { hits = 0, lastHit } = recorder.rules.hitsOf(ref) ?? {};
          return { ref, phase, action, description, expression, enabled, hits, ...(lastHit && { lastHit }) };
        }),
      ),
      counters: recorder.rules.counters(Date.now()),
    };
  }

  async #mails(): Promise<ApiResponse> {
    const { outbox } = this.#options;
    return json({ mails: outbox === undefined ? [] : await outboxMails(outbox) });
  }
}

/** The response of an action, or what its caller did wrong. */
async function withMistakes(respond: () => Promise<ApiResponse>): Promise<ApiResponse> {
  try {
    return await respond();
  } catch (error) {
    if (error instanceof ApiMistake) return json({ error: error.message }, error.status);
    throw error;
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new ApiMistake(400, "The body is no JSON.");
  }
}

/** How pictures begin, as byte strings. */
const IMAGES: readonly (readonly [head: RegExp, type: string])[] = [
  [/^\x89PNG\r\n/, "image/png"],
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^GIF8[79]a/, "image/gif"],
  [/^RIFF.{4}WEBP/s, "image/webp"],
];

/** The parameters of a query, each once and as it must be. An empty one counts as absent. */
function parametersOf(url: URL, allowed: readonly string[]): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value] of url.searchParams) {
    const parameter = allowed.includes(name) ? PARAMETERS[name] : undefined;
    if (!parameter) throw new ApiMistake(400, `There is no parameter ${JSON.stringify(name.slice(0, 50))} here.`);
    if (name in given) throw new ApiMistake(400, `The parameter ${name} comes twice.`);
    if (value === "") continue;
    if (!parameter.pattern.test(value)) throw new ApiMistake(400, `${name} must be ${parameter.wanted}.`);
    given[name] = value;
  }
  return given;
}
