/** The data of the console, as its API has them: types alone, so that the page can import them. */
import type { FieldValue, Phase, RateCount, RuleEvent, Verdict } from "../../rules/index.ts";

/** Header lines as byte strings, in the order and case in which they came. */
export type RecordedHeaders = readonly (readonly [name: string, value: string])[];

/** What lists of requests show. */
export interface ExchangeSummary {
  /** Number in this run, from 1. */
  readonly seq: number;
  /** CF-Ray. */
  readonly ray: string;
  /** When it arrived, milliseconds since the UNIX epoch. */
  readonly time: number;
  /** Empty where the request was too malformed to have one; likewise host and path. */
  readonly method: string;
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** Status of the response; 101 for a WebSocket that was open, 499 where the client left first. */
  readonly status: number;
  /** What the rules decided; `none` where no rule saw the request. */
  readonly outcome: Verdict["outcome"] | "none";
  /** The rule that decided, where one did. */
  readonly rule?: string;
  /** Address of the client. */
  readonly client: string;
  readonly country?: string;
  /** `ray` of the request that this one repeats, where it was sent from the console. */
  readonly repeats?: string;
  /** Milliseconds until the whole response was sent, or the WebSocket was closed. */
  readonly totalMs: number;
  /** Milliseconds until the request was sent into the tunnel; absent where it was not. */
  readonly edgeMs?: number;
  /** Milliseconds from then until the head of the origin's response; the gateway's are among them. */
  readonly originMs?: number;
}

/** One request and its response without secrets: a line of the record. Texts of clients are byte strings. */
export interface RecordedExchange extends ExchangeSummary {
  /** The request target with its query. */
  readonly target: string;
  readonly scheme: "http" | "https";
  /** HTTP version; absent where the request could not be read. */
  readonly version?: string;
  /** Fields of the visitor that only Cloudflare computes, as the rules had them. */
  readonly given?: Readonly<Record<string, FieldValue>>;
  readonly colo?: string;
  /** Every rule that matched, in order. */
  readonly events: readonly RuleEvent[];
  /** What the request did to the counters of rate limits. */
  readonly counts: readonly RateCount[];
  /** Fields that the verdict depends on and that were not given. */
  readonly undetermined: readonly string[];
  /** Why the edge responded by itself, where no rule did. */
  readonly failure?: { readonly code: number; readonly message: string };
  readonly requestHeaders: RecordedHeaders;
  /** What the origin got; absent where the request did not reach it. */
  readonly forwardedHeaders?: RecordedHeaders;
  readonly responseHeaders: RecordedHeaders;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

/** The first 64 KiB of a body, without secrets. */
export interface RecordedBody {
  /** Length of the whole body. */
  readonly bytes: number;
  /**
   * `text`: UTF-8, with secrets masked. `bytes`: anything else, in base64. `compressed`: not kept, since secrets in it
   * cannot be found.
   */
  readonly kind: "text" | "bytes" | "compressed";
  readonly content: string;
  /** In lower case; empty where the sender named none. */
  readonly type: string;
  /** Whether more came than was kept. */
  readonly isCut: boolean;
}

/** The bodies of an exchange, without secrets. */
export interface RecordedBodies {
  readonly request: RecordedBody;
  readonly response: RecordedBody;
}

/** An exchange in a list. */
export interface ListedExchange extends ExchangeSummary {
  /** Milliseconds in the gateway, by the backend's log; absent where the log does not say. */
  readonly gatewayMs?: number;
}

/** What a reader of the live list gets, a JSON text a line. */
export interface LiveMessage {
  /** Oldest first. */
  readonly exchanges: readonly ListedExchange[];
  /** Exchanges that passed the filter and were left out, because more came than the reader took. */
  readonly skipped: number;
}

/** What one rule did with one exchange. */
export interface RuleReading {
  readonly ref: string;
  readonly phase: Phase;
  readonly action: string;
  readonly description: string;
  readonly expression: string;
  /**
   * `matched`: as recorded. `limit kept`: its condition holds, and the limit was not exceeded. `not reached`: an
   * earlier rule decided, or let it be skipped. `masked`: by the record it would match; what decided is a secret, which
   * the record does not have.
   */
  readonly result: "matched" | "no match" | "limit kept" | "not reached" | "masked" | "undetermined" | "off";
  /** Which part of the expression decided, in a sentence; empty where there is nothing to say. */
  readonly why: string;
  /** The parts of the expression that were looked at: offsets, and what each was. */
  readonly parts: readonly RulePart[];
  /** The counter before and after, where the rule counted. */
  readonly count?: RateCount;
}

/** A part of an expression; `value` is absent where it is undetermined. */
export interface RulePart {
  readonly start: number;
  readonly end: number;
  readonly value?: boolean;
}

/** The last state of one counter of a rate limit. */
export interface CounterState extends RateCount {
  /** Address of the client whose request was counted last. */
  readonly client: string;
  readonly time: number;
}

/** One change of the rules of a zone. */
export interface DeployedChange {
  /** Milliseconds since the UNIX epoch. */
  readonly time: number;
  readonly zone: string;
  /** The rules that differ, by `ref`. */
  readonly rules: readonly ChangedRule[];
}

/** A rule before and after a change: absent before where it is new, absent after where it was removed. */
export interface ChangedRule {
  readonly ref: string;
  readonly before?: string;
  readonly after?: string;
}

/** A mail that was written into the outbox, in place of a mail server. */
export interface OutboxMail {
  /** Name of its file. */
  readonly name: string;
  readonly to: string;
  readonly subject: string;
  readonly date: string;
  readonly text: string;
}
