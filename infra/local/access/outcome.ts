/** What Access gets of a request. */
export interface AccessRequest {
  readonly method: string;
  /** Lower case, without port. */
  readonly host: string;
  /** As the client wrote it, with the port. */
  readonly authority: string;
  /** Path and query, as received. */
  readonly uri: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly ip: string;
  /** ISO 3166-1 alpha-2, where it is known. */
  readonly country?: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  /** Both ends of the connection are on this machine, and no proxy is between. */
  readonly isLocal: boolean;
}

type HeaderPairs = readonly (readonly [name: string, value: string])[];

/** A response that the edge shows as one of its pages. */
export interface AccessPage {
  readonly kind: "page";
  readonly status: number;
  /** For the visitor. */
  readonly text: string;
  readonly headers?: HeaderPairs;
  /** Why, for the operator; absent where nothing is wrong. */
  readonly reason?: string;
}

interface Redirect {
  readonly kind: "redirect";
  readonly location: string;
  readonly headers?: HeaderPairs;
}

/** A response as it is. */
export interface Answer {
  readonly kind: "answer";
  readonly status: 200;
  readonly headers: HeaderPairs;
  readonly body: string;
}

export type AccessResponse = AccessPage | Redirect | Answer;

/** The edge reads the body of a form, at most so many bytes, and gives it to `finish`. */
export interface FormWanted {
  readonly kind: "form";
  readonly maxBytes: number;
  finish(body: string): AccessResponse;
}

/** What Access decides on a request for a site; the origin gets the assertion in `Cf-Access-Jwt-Assertion`. */
export type AccessDecision = { readonly kind: "pass"; readonly assertion?: string } | AccessPage | Redirect;

/** A page that says no; the operator reads `reason`, or the text. */
export const refuse = (status: number, text: string, reason = text, headers: HeaderPairs = []): AccessPage => ({
  kind: "page",
  status,
  text,
  reason,
  headers,
});

/** The values of a header; a spelling with underscores counts, as some origins read it so. */
export function headerValues({ headers }: Pick<AccessRequest, "headers">, name: string): readonly string[] {
  return headers.filter(([other]) => other.toLowerCase().replaceAll("_", "-") === name).map(([, value]) => value);
}
