import { knownVisitor, type Visitor, type Visitors, visitorProblems } from "../../rules/index.ts";
import type { AgainRequest, DifferentRule, JudgedAgain } from "./again-data.ts";
import { draftOf, readAgainRequest } from "./again-draft.ts";
import { ApiMistake, type ApiResponse, json } from "./api-response.ts";
import type { ConsoleOptions } from "./console-server-options.ts";
import { changesBetween, type DeploymentLog } from "./deployment-log.ts";
import { type FoundExchange, findExchange } from "./find-exchange.ts";
import { hostOf, judge } from "./judge.ts";
import { recordedVisitor } from "./recorded-facts.ts";
import { AgainSender } from "./send-again.ts";

/** Sends recorded requests again, and judges them by present and former rules. */
export class AgainApi {
  readonly #options: ConsoleOptions;
  readonly #deployments: DeploymentLog;
  readonly #sender: AgainSender;

  constructor(options: ConsoleOptions, deployments: DeploymentLog) {
    this.#options = options;
    this.#deployments = deployments;
    this.#sender = new AgainSender(options.edge, options.recorder);
  }

  /** The request as it can be sent, and what of it is missing. */
  async draft(ray: string): Promise<ApiResponse> {
    const { exchange, bodies } = this.#recorded(ray);
    return json(draftOf(exchange, bodies, Object.keys(await this.#options.visitors())));
  }

  async send(value: unknown): Promise<ApiResponse> {
    const { request, visitor } = await this.#read(value);
    return json(await this.#sender.send(request, visitor));
  }

  async judge(value: unknown): Promise<ApiResponse> {
    const { request, visitor, exchange } = await this.#read(value);
    const zone = this.#options.cloud.zoneOf(hostOf(request));
    if (!zone) throw new ApiMistake(409, "No zone has this hostname: no rule sees the request.");
    const judged = { request, visitor, exchange, at: Date.now() };
    const edit = this.#deployments.beforeEdit;
    const former = edit?.zone.id === zone.id ? edit : undefined;
    const result: JudgedAgain = {
      present: judge(zone, judged),
      ...(former && { before: { ...judge(former.zone, judged), editedAt: former.time } }),
      different: former ? changesBetween(former.zone, zone).map(changeOf) : [],
    };
    return json(result);
  }

  close(): void {
    this.#sender.close();
  }

  #recorded(ray: string): FoundExchange {
    const found = findExchange(this.#options.recorder, ray);
    if (found.exchange.method === "") throw new ApiMistake(409, "This request was malformed: it cannot be sent again.");
    return found;
  }

  async #read(value: unknown): Promise<FoundExchange & { readonly request: AgainRequest; readonly visitor: Visitor }> {
    const visitors = await this.#options.visitors();
    const request = readAgainRequest(value, Object.keys(visitors));
    const found = this.#recorded(request.ray);
    return { ...found, request, visitor: visitorOf(request, found, visitors) };
  }
}

function visitorOf({ visitor: name }: AgainRequest, { exchange }: FoundExchange, visitors: Visitors): Visitor {
  const visitor = name === undefined ? recordedVisitor(exchange) : knownVisitor(visitors, name);
  if (!visitor) throw new ApiMistake(400, `There is no visitor ${name}.`);
  const problems = name === undefined ? [] : visitorProblems(visitor);
  if (problems.length > 0) throw new ApiMistake(409, `infra/policy/visitors.ts, ${name}: ${problems.join("; ")}`);
  return visitor;
}

function changeOf({ ref, before, after }: ReturnType<typeof changesBetween>[number]): DifferentRule {
  return { ref, change: before === undefined ? "new" : after === undefined ? "removed" : "changed" };
}
