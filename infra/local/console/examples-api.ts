import { randomUUID } from "node:crypto";
import {
  createEngine,
  isPhase,
  type Phase,
  prove,
  type RequestFacts,
  requestFields,
  type StoryStep,
  type Visitors,
} from "../../rules/index.ts";
import type { Zone } from "../api/state.ts";
import type { ExampleChoices, ExampleRule, ExampleWish, ProposedExample } from "./again-data.ts";
import { ApiMistake, type ApiResponse, json } from "./api-response.ts";
import type { ConsoleOptions } from "./console-server-options.ts";
import { type ExampleDraft, type ExampleSource, exampleOf, lineOfExample, NoExample } from "./example-draft.ts";
import { ExampleRefusal, type ExampleToWrite, type ExampleWriter, type ProposedEdit } from "./example-writer.ts";
import { findExchange } from "./find-exchange.ts";
import { recordedFacts, visitorNameOf } from "./recorded-facts.ts";
import { compiledOf } from "./rule-readings.ts";

/** Edits that were shown and may still be written. */
const MAX_PROPOSED = 8;

/** Makes examples of recorded requests, shows the edit, and writes it when the user has seen it. */
export class ExamplesApi {
  readonly #options: ConsoleOptions;
  readonly #proposed = new Map<string, ProposedEdit>();

  constructor(options: ConsoleOptions) {
    this.#options = options;
  }

  /** Of which rules and stories a request can become a part. */
  async choices(ray: string): Promise<ApiResponse> {
    const writer = this.#writer();
    const { exchange } = findExchange(this.#options.recorder, ray);
    const facts = recordedFacts(exchange);
    const zone = this.#zone();
    const visitors = await this.#options.visitors();
    const sender = visitorNameOf(exchange, visitors);
    const choices: ExampleChoices = {
      rules: zone.rulesets.flatMap(({ phase, rules }) =>
        rules.map(({ ref }): ExampleRule => {
          const matches = valueOfRule(zone, phase, ref, facts);
          return { phase, ref, ...(matches !== undefined && { matches }) };
        }),
      ),
      ...(exchange.rule !== undefined && { decided: exchange.rule }),
      stories: writer.stories(),
      visitors: Object.keys(visitors),
      ...(sender !== undefined && { sender }),
    };
    return json(choices);
  }

  /** Computes an edit and shows it. */
  async propose(value: unknown): Promise<ApiResponse> {
    const writer = this.#writer();
    const wish = readWish(value);
    const { exchange } = findExchange(this.#options.recorder, wish.ray);
    const visitors = await this.#options.visitors();
    if (!Object.hasOwn(visitors, wish.visitor)) throw new ApiMistake(400, "There is no such visitor.");
    const source: ExampleSource = { exchange, hostname: this.#options.hostname, visitors, visitor: wish.visitor };
    const { wanted, notes } = withRefusals(() =>
      wish.place.kind === "rule" ? this.#forRule(source, wish.place) : this.#forStory(source, wish.place.story),
    );
    const edit = await withRefusals(() => writer.propose(wanted));
    const id = randomUUID();
    this.#proposed.set(id, edit);
    const [oldest] = this.#proposed.keys();
    if (this.#proposed.size > MAX_PROPOSED && oldest !== undefined) this.#proposed.delete(oldest);
    const { file, diff } = edit;
    const failures = wanted.kind === "story" ? this.#failuresOf(edit, source) : [];
    const proposed: ProposedExample = { id, file, diff, notes: [...notes, ...failures] };
    return json(proposed);
  }

  /** Writes an edit that was shown. */
  write(value: unknown): ApiResponse {
    const { id } = (value ?? {}) as { readonly id?: unknown };
    const edit = typeof id === "string" ? this.#proposed.get(id) : undefined;
    if (typeof id !== "string" || !edit) throw new ApiMistake(404, "This change is no longer there: look at it again.");
    this.#proposed.delete(id);
    withRefusals(() => edit.write());
    return json({ file: edit.file });
  }

  #writer(): ExampleWriter {
    const { examples } = this.#options;
    if (!examples) throw new ApiMistake(404, "This console writes no examples.");
    return examples;
  }

  #zone(): Zone {
    const zone = this.#options.cloud.zoneOf(this.#options.hostname);
    if (!zone) throw new ApiMistake(409, "No zone has the site's hostname.");
    return zone;
  }

  #forRule(source: ExampleSource, place: Extract<ExampleWish["place"], { kind: "rule" }>): Wanted {
    const { phase, ref, side } = place;
    const zone = this.#zone();
    if (!zone.rulesets.some((one) => one.phase === phase && one.rules.some((rule) => rule.ref === ref))) {
      throw new ApiMistake(404, `No rule ${ref} is deployed.`);
    }
    const draft = exampleOf(source, (facts) => String(valueOfRule(zone, phase, ref, facts)));
    const value = valueOfRule(zone, phase, ref, draft.facts);
    const isWanted = value === (side === "match");
    const now = value === undefined ? "what the rule does with it is not known" : `the rule ${verb(value)} it now`;
    return {
      wanted: { kind: "rule", phase, ref, side, example: draft.example },
      notes: [
        ...faithNotes(draft),
        ...(isWanted ? [] : [`This example fails: ${now}. Nothing is deployed until you change the rule.`]),
      ],
    };
  }

  #forStory(source: ExampleSource, story: string): Wanted {
    const zone = this.#zone();
    const judged = (facts: RequestFacts) => {
      const { plan, rulesets, accountRulesets, lists } = zone;
      return createEngine({ plan, zone: rulesets, account: accountRulesets, lists }).handle(facts);
    };
    const draft = exampleOf(source, (facts) => {
      const { outcome, by } = judged(facts);
      return `${outcome} ${by?.ref}`;
    });
    const { outcome, by, response } = judged(draft.facts);
    const { hostname, visitors, visitor } = source;
    const request = lineOfExample(draft.example, hostname, visitors);
    if (request === undefined) throw new NoExample("No line of a story can say this request.");
    const step: StoryStep = {
      request,
      ...(visitor !== "ordinary" && { visitor }),
      expect: outcome,
      ...(by && { by: by.ref }),
      ...(response && { status: response.status }),
    };
    return { wanted: { kind: "story", story, step }, notes: faithNotes(draft) };
  }

  /** What fails of the story with the new step, by the rules that are deployed. */
  #failuresOf(
    { file, text }: ProposedEdit,
    { hostname, visitors }: { hostname: string; visitors: Visitors },
  ): string[] {
    const { plan, rulesets, lists } = this.#zone();
    const proved = prove({
      plan,
      host: hostname,
      visitors,
      lists,
      stories: [{ file, json: text }],
      rulesets: rulesets.map(({ phase, name, rules }) => ({
        phase,
        name,
        rules: rules.map((rule) => ({ ...rule, source: { file: "", when: rule.expression, examples: NO_EXAMPLES } })),
      })),
    });
    return proved.diagnostics
      .filter((one) => one.file === file)
      .map(({ message }) => `The story fails with it: ${message}.`);
  }
}

/** Only the story is of interest. */
const NO_EXAMPLES = { match: ["GET /"], pass: ["GET /"] } as const;

interface Wanted {
  readonly wanted: ExampleToWrite;
  readonly notes: readonly string[];
}

const verb = (value: boolean): string => (value ? "matches" : "does not match");

const faithNotes = ({ isFaithful }: ExampleDraft): readonly string[] =>
  isFaithful
    ? []
    : [
        "The rules see another request in it than in the recorded one, because addresses, secrets and places are not " +
          "written into files. Another visitor may help.",
      ];

/** Whether a rule's expression matches; undefined where it is not known. */
function valueOfRule(zone: Zone, phase: Phase, ref: string, facts: RequestFacts): boolean | undefined {
  const rule = zone.rulesets.find((one) => one.phase === phase)?.rules.find((one) => one.ref === ref);
  return rule && compiledOf(rule, zone)?.read(requestFields(facts)).value;
}

/** What is refused is a mistake of the caller, with its reason. */
function withRefusals<T>(act: () => T): T {
  const refused = (error: unknown): never => {
    const isRefusal = error instanceof ExampleRefusal || error instanceof NoExample;
    throw isRefusal ? new ApiMistake(409, error.message) : error;
  };
  try {
    const result = act();
    return result instanceof Promise ? (result.catch(refused) as T) : result;
  } catch (error) {
    return refused(error);
  }
}

function readWish(value: unknown): ExampleWish {
  const given = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  const { ray, visitor } = given;
  const place = (typeof given.place === "object" && given.place !== null ? given.place : {}) as Record<string, unknown>;
  const { kind, phase, ref, side, story } = place;
  if (typeof ray !== "string" || typeof visitor !== "string") throw new ApiMistake(400, "ray and visitor are texts.");
  if (kind === "story" && typeof story === "string") return { ray, visitor, place: { kind, story } };
  const isSide = side === "match" || side === "pass";
  if (kind === "rule" && typeof phase === "string" && isPhase(phase) && typeof ref === "string" && isSide) {
    return { ray, visitor, place: { kind, phase, ref, side } };
  }
  throw new ApiMistake(400, "place is a rule with phase, ref and side (match or pass), or a story with its name.");
}
