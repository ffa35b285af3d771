/** What is done with recorded requests, as the API has it: types alone, so that the page can import them. */
import type { Phase } from "../../rules/index.ts";
import type { RecordedHeaders, RuleReading } from "./console-data.ts";

/** A request to send or to judge. Texts are byte strings, as in the record. */
export interface AgainRequest {
  /** The recorded request that it repeats. */
  readonly ray: string;
  readonly method: string;
  readonly scheme: "http" | "https";
  /** Path and query. */
  readonly target: string;
  /** Without those that say how the body is sent: they are made for the body. */
  readonly headers: RecordedHeaders;
  /** In base64. */
  readonly body: string;
  /** Name of a visitor of `visitors.ts`; absent: the visitor as recorded. */
  readonly visitor?: string;
}

/** A secret that the record does not have. */
export interface MissingSecret {
  readonly place: "target" | "header" | "body";
  /** Of the parameter, the header (with the cookie) or the member. */
  readonly name: string;
}

/** What `/api/requests/RAY/again` responds: the request as recorded, and what of it is not recorded. */
export interface AgainDraft {
  readonly request: AgainRequest;
  readonly missing: readonly MissingSecret[];
  /** Why the body is not the one that was sent; absent where it is, but for secrets. */
  readonly bodyProblem?: string;
  /** Names of the visitors that can send it. */
  readonly visitors: readonly string[];
}

/** What `POST /api/again` responds. */
export interface SentAgain {
  /** Of the new request. */
  readonly ray: string;
  readonly status: number;
}

/** What one state of the rules does with a request. */
export interface Judgement {
  readonly outcome: string;
  /** The rule that decided, and why; absent where none did. */
  readonly by?: { readonly ref: string; readonly phase: string; readonly action: string; readonly why: string };
  /** Status of the edge's own response. */
  readonly status?: number;
  /** Fields that the verdict depends on and that are not known. */
  readonly undetermined: readonly string[];
  /** What each rule did. */
  readonly rules: readonly RuleReading[];
}

/** A rule that the last edit made, changed or removed. */
export interface DifferentRule {
  readonly ref: string;
  readonly change: "new" | "changed" | "removed";
}

/** What `POST /api/judge` responds. */
export interface JudgedAgain {
  readonly present: Judgement;
  /** By the rules before the last edit; absent where nothing was edited since the start. */
  readonly before?: Judgement & {
    /** When the last edit began, milliseconds since the UNIX epoch. */
    readonly editedAt: number;
  };
  /** What the last edit did to the rules. */
  readonly different: readonly DifferentRule[];
}

/** What `/api/requests/RAY/copies` responds: commands for a POSIX shell. Secrets are masked in them. */
export interface Copies {
  readonly curl: string;
  /** Absent where a part of the request is no text. */
  readonly explain?: string;
  /** Why the body is not the one that was sent; absent where it is, but for secrets. */
  readonly bodyProblem?: string;
}

/** A rule of which a request can become an example. */
export interface ExampleRule {
  readonly phase: Phase;
  readonly ref: string;
  /** Whether the rule matches the recorded request now; absent where that is not known. */
  readonly matches?: boolean;
}

/** What `/api/requests/RAY/example` responds. */
export interface ExampleChoices {
  readonly rules: readonly ExampleRule[];
  /** The rule that decided the request. */
  readonly decided?: string;
  readonly stories: readonly string[];
  readonly visitors: readonly string[];
  /** The visitor that sent the request, where it is one of them. */
  readonly sender?: string;
}

/** What `POST /api/examples/propose` takes: a rule by its phase and `ref`, or a story by its name. */
export interface ExampleWish {
  readonly ray: string;
  readonly visitor: string;
  readonly place:
    | { readonly kind: "rule"; readonly phase: Phase; readonly ref: string; readonly side: "match" | "pass" }
    | { readonly kind: "story"; readonly story: string };
}

/** What it responds. `POST /api/examples/write` takes the id, and writes exactly this. */
export interface ProposedExample {
  readonly id: string;
  readonly file: string;
  readonly diff: string;
  /** What the user must know before it is written. */
  readonly notes: readonly string[];
}
