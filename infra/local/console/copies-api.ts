import { knownVisitor, printRequest, type Visitors } from "../../rules/index.ts";
import type { Copies } from "./again-data.ts";
import { problemOfBody } from "./again-draft.ts";
import { ApiMistake, type ApiResponse, json } from "./api-response.ts";
import type { RecordedExchange } from "./console-data.ts";
import type { ConsoleOptions } from "./console-server-options.ts";
import { curlCommand } from "./curl-command.ts";
import type { ExchangeFilter } from "./exchange-store.ts";
import { type FoundExchange, findExchange, readKept } from "./find-exchange.ts";
import { harOf } from "./har.ts";
import { recordedFacts, recordedVisitor, visitorNameOf } from "./recorded-facts.ts";
import { shellWord } from "./shell-word.ts";

/** Texts of recorded requests for other programs. */
export class CopiesApi {
  readonly #options: ConsoleOptions;

  constructor(options: ConsoleOptions) {
    this.#options = options;
  }

  /** The commands that send a request, and that explain it. */
  async copies(ray: string): Promise<ApiResponse> {
    const { recorder, edge, visitors } = this.#options;
    const { kept, exchange, bodies } = findExchange(recorder, ray);
    if (exchange.method === "") throw new ApiMistake(409, "This request was malformed: no command can send it.");
    const bodyProblem = problemOfBody(exchange, bodies?.request);
    const explain = this.#explain(exchange, kept.zone?.plan, await visitors());
    const copies: Copies = {
      curl: curlCommand(exchange, bodies?.request, edge.port),
      ...(explain !== undefined && { explain }),
      ...(bodyProblem !== undefined && { bodyProblem }),
    };
    return json(copies);
  }

  /** One request as a HAR file. */
  har(ray: string): ApiResponse {
    return harFile([findExchange(this.#options.recorder, ray)], `causeway-${ray.replace(/[^\w-]/g, "")}.har`);
  }

  /** The newest requests that pass a filter as a HAR file, the oldest first. */
  harList(filter: ExchangeFilter, limit: number): ApiResponse {
    const { exchanges } = this.#options.recorder;
    const found = exchanges.list(filter, limit).toReversed();
    return harFile(found.flatMap(({ ray }) => exchanges.get(ray) ?? []).map(readKept), "causeway.har");
  }

  /** Undefined where bytes of the request are no text. */
  #explain(exchange: RecordedExchange, plan = "free", visitors: Visitors): string | undefined {
    const { hostname } = this.#options;
    const name = visitorNameOf(exchange, visitors);
    const { given = {}, at: __, ...facts } = recordedFacts(exchange);
    const named = name === undefined ? undefined : knownVisitor(visitors, name);
    const { fields = {} } = recordedVisitor(exchange);
    const known = Object.entries(given).filter(([field]) => name === undefined && Object.hasOwn(fields, field));
    const line = printRequest(
      { ...facts, ...(known.length > 0 && { given: Object.fromEntries(known) }) },
      { host: hostname, ...(named?.ip !== undefined && { ip: named.ip }) },
    );
    if (line === undefined) return undefined;
    const options = [
      ...(plan === "free" ? [] : [`--plan ${plan}`]),
      `--host ${shellWord(hostname)}`,
      ...(name === undefined ? [] : [`--visitor ${shellWord(name)}`]),
    ];
    return ["npm run rules -- explain", ...options, shellWord(line)].join(" ");
  }
}

function harFile(found: readonly Pick<FoundExchange, "exchange" | "bodies">[], saveAs: string): ApiResponse {
  return { kind: "whole", status: 200, type: "application/json; charset=utf-8", body: harOf(found), saveAs };
}
