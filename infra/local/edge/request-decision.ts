import type { IncomingMessage } from "node:http";
import type { Engine, RequestFacts, Verdict, Visitor } from "../../rules/index.ts";
import type { Zone } from "../api/state.ts";
import type { HeaderLines } from "./headers.ts";
import type { EdgePage } from "./pages.ts";
import type { ErrorOccasion } from "./problem-details.ts";
import type { EdgeFailure } from "./record.ts";
import type { RequestTrace } from "./trace.ts";

/** A request as it came in. */
export interface ArrivedRequest extends ErrorOccasion {
  readonly request: IncomingMessage;
  /** Without `Local-Visitor`. */
  readonly lines: HeaderLines;
  /** Who this program says that the visitor is, of a connection of its own; it replaces the option of the edge. */
  readonly visitor?: Visitor;
  /** The values of `Local-Visitor`; they are not checked yet. */
  readonly visitorValues: readonly string[];
  readonly client: string;
  readonly colo: string;
  /** Whether it counts as plain HTTP or as TLS. */
  readonly scheme: "http" | "https";
  /** Collects what passes; absent where that is not wanted. */
  readonly trace?: RequestTrace;
}

/** What the edge does with a request: respond itself, perhaps after it has read a form, or forward it. */
export type RequestDecision = LocalResponse | FormRequest | Forward;

export interface RequestSummary {
  /** Without port; empty where it could not be read. */
  readonly host: string;
  readonly path: string;
  readonly verdict?: Verdict;
  /** Address of the visitor, where that is not the client's. */
  readonly client?: string;
}

export interface LocalResponse extends RequestSummary {
  readonly kind: "respond";
  readonly page: EdgePage;
  readonly failure?: EdgeFailure;
}

/** A form of the edge's own; `finish` gets its body, or undefined where that is larger than `maxBytes`. */
export interface FormRequest extends RequestSummary {
  readonly kind: "form";
  readonly maxBytes: number;
  finish(body: string | undefined): LocalResponse;
}

export interface Forward extends RequestSummary {
  readonly kind: "forward";
  readonly zone: Zone;
  readonly tunnelId: string;
  /** What the origin gets as Host. */
  readonly authority: string;
  readonly uri: string;
  readonly verdict: Verdict;
  readonly engine: Engine;
  readonly facts: RequestFacts;
  /** Bytes of body that the plan allows. */
  readonly maxBodyBytes: number;
  /** What Access says of the client, for the origin. */
  readonly assertion?: string;
}
