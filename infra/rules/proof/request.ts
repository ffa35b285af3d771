import { didYouMean, didYouMeanField } from "../check/suggest.ts";
import { convert, FieldValueError } from "../evaluate/convert.ts";
import type { FieldValue, RequestFacts } from "../evaluate/request.ts";
import { parseIp } from "../language/ip-address.ts";
import { type Defaults, NotationError, toFacts } from "../request/draft.ts";
import { parseRequests } from "../request/notation.ts";
import { completeFromVisitor, mergeVisitors, type Visitor, withVisitor } from "../request/visitor.ts";
import { limitProblem, quote, visitorName } from "../request/visitor-names.ts";
import { isHeaderName, isHeaderValue } from "../request/visitor-problems.ts";
import { SCHEMA } from "../schema/schema.ts";
import type { Type } from "../schema/type.ts";

/**
 * Visitors by name. What one of them does not have, it has from `ordinary`, the visitor of every request that names no
 * other.
 */
export interface Visitors {
  readonly ordinary: Visitor;
  readonly [name: string]: Visitor;
}

/** Where requests go, and who sends them. */
export interface RequestSetting {
  /** The site's first hostname: of a request that names none, and in place of `{host}`. */
  readonly host: string;
  readonly visitors: Visitors;
}

/**
 * A request to try a rule on, in any notation (`parseRequests`), most often `GET /path` or `POST
 * https://other.example/path`. A path alone goes to the site's first hostname over https. `{host}` is replaced by that
 * hostname, `{HOST}` by the same in capitals.
 */
export type Example = string | ExampleRequest;

/** A request and how it differs from the ordinary visitor's. */
export interface ExampleRequest {
  readonly request: string;
  /** Name of another visitor than the ordinary one. */
  readonly visitor?: string;
  /** Visitor's address. */
  readonly ip?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Values of fields, e.g. `{ "ip.src.country": "T1" }`. */
  readonly given?: Readonly<Record<string, FieldValue>>;
}

export type RequestsRead =
  | { readonly ok: true; readonly requests: readonly RequestFacts[] }
  /** The message has what is wrong and what is expected. */
  | { readonly ok: false; readonly message: string };

/** The requests of an example, as the edge receives them: several where its text is a HAR file. */
export function exampleRequests(example: Example, { host, visitors }: RequestSetting): RequestsRead {
  const written = typeof example === "string" ? { request: example } : example;
  const { request, visitor: name = "ordinary", ip, headers, given } = written;
  const visitor = visitorOf(visitors, name);
  if (visitor === undefined) {
    const hint = didYouMean(name, Object.keys(visitors)) ?? `there are ${Object.keys(visitors).join(", ")}`;
    return { ok: false, message: `there is no visitor "${name}"; ${hint}` };
  }
  const problem = differenceProblem(written);
  if (problem !== undefined) return { ok: false, message: problem };
  const text = request.replaceAll("{host}", () => host).replaceAll("{HOST}", () => host.toUpperCase());
  const parsed = parse(text, { host, version: "HTTP/2", ...(visitor.ip !== undefined && { ip: visitor.ip }) });
  if (!parsed.ok) return parsed;
  const own: Visitor = {
    ...(ip !== undefined && { ip }),
    ...(headers && { headers }),
    ...(given && { fields: given }),
  };
  const requests = parsed.requests.map((facts) => withVisitor(facts, own));
  const wrong = requests.map(givenProblem).find((problem) => problem !== undefined);
  if (wrong !== undefined) return { ok: false, message: wrong };
  return { ok: true, requests: requests.map((facts) => complete(facts, visitor)) };
}

/** A visitor with everything that it has from the ordinary one, and the same as parts of a request. */
interface WholeVisitor extends Visitor {
  readonly sent: Pick<RequestFacts, "headers" | "given">;
}

const WHOLE = new WeakMap<Visitors, Map<string, WholeVisitor>>();

/** The visitor of a name, made once: hundreds of examples have the same. */
function visitorOf(visitors: Visitors, name: string): WholeVisitor | undefined {
  const known = WHOLE.get(visitors) ?? new Map<string, WholeVisitor>();
  WHOLE.set(visitors, known);
  const made = known.get(name);
  if (made !== undefined) return made;
  const named = Object.hasOwn(visitors, name) ? visitors[name] : undefined;
  if (named === undefined) return undefined;
  const visitor = mergeVisitors(mergeVisitors(NEUTRAL, visitors.ordinary), named);
  const whole = { ...visitor, sent: completeFromVisitor(NO_REQUEST, visitor) };
  known.set(name, whole);
  return whole;
}

/**
 * A named visitor for requests that have a user agent and headers of their own: those of the ordinary visitor are left
 * out. Every field about a visitor has a value. Undefined where there is no visitor of this name.
 */
export function knownVisitor(visitors: Visitors, name: string): Visitor | undefined {
  const named = Object.hasOwn(visitors, name) ? visitors[name] : undefined;
  if (named === undefined) return undefined;
  const { ip, fields = {} } = visitors.ordinary;
  const known = mergeVisitors(NEUTRAL, { ...(ip !== undefined && { ip }), fields });
  return name === "ordinary" ? known : mergeVisitors(known, named);
}

const NO_REQUEST: RequestFacts = {
  method: "GET",
  host: "",
  uri: "/",
  version: "HTTP/2",
  scheme: "https",
  headers: [],
  ip: "0.0.0.0",
  at: 0,
};

/** The request with what it lacks from the visitor. */
function complete(facts: RequestFacts, visitor: WholeVisitor): RequestFacts {
  if (facts.given !== undefined) return completeFromVisitor(facts, visitor);
  const { headers, given } = visitor.sent;
  const names = new Set(facts.headers.map(([header]) => header.toLowerCase()));
  const lacking = headers.filter(([header]) => !names.has(header.toLowerCase()));
  return { ...facts, headers: [...facts.headers, ...lacking], ...(given && { given }) };
}

/**
 * The values of a visitor without anything special: no certificate, no token, nothing that a scan found. So every
 * field about a visitor has a value, also those that a visitors' file does not name.
 */
const NEUTRAL: Visitor = {
  fields: Object.fromEntries(
    [...SCHEMA.fields.values()]
      .filter(({ name }) => visitorName(name)?.field.name === name && name !== "ip.src" && name !== "http.user_agent")
      .map(({ name, type }) => [name, neutralValue(type)]),
  ),
};

function neutralValue(type: Type): FieldValue {
  if (typeof type === "object") return type.kind === "Array" ? [] : {};
  return { Bytes: "", Bool: false, Int: 0, Ip: "0.0.0.0" }[type];
}

/** A method and a target alone are taken literally: a path may hold quotes, which have a meaning in a longer line. */
function parse(text: string, defaults: Defaults): RequestsRead {
  const [, method, target] = /^([^\s{}[\]]+) (\S+)$/.exec(text) ?? [];
  if (method === undefined || target === undefined) return parseRequests(text, defaults);
  try {
    return { ok: true, requests: [toFacts({ method, target, headers: [] }, defaults)] };
  } catch (error) {
    if (!(error instanceof NotationError)) throw error;
    return { ok: false, message: error.message };
  }
}

/** What cannot be of the visitor's address and the headers. */
function differenceProblem({ ip, headers = {} }: ExampleRequest): string | undefined {
  if (ip !== undefined && parseIp(ip) === undefined)
    return `"ip" is ${quote(ip)}, but it must be an address of IPv4 or IPv6, without port or network`;
  for (const [name, value] of Object.entries(headers)) {
    if (!isHeaderName(name)) return `${quote(name)} is not the name of a header`;
    if (name.toLowerCase() === "host")
      return `the host is a part of the URL: write "request": "GET https://${value}/..."`;
    if (!isHeaderValue(value)) return `the header ${name} must be a text without control characters`;
  }
  return undefined;
}

/** Fields that follow from the request itself, and the part of the request that they follow from. */
const ADVICE_ON_FIELDS: readonly (readonly [pattern: RegExp, part: string])[] = [
  [/^http\.host$|^ssl$|\.uri\b|\.full_uri$/, "write it into the URL of the request"],
  [
    /^http\.(request\.(headers|cookies|accepted_languages)|cookie|referer|user_agent|x_forwarded_for)\b/,
    "write the header",
  ],
  [/^raw\.http\.request\.headers\b/, "write the header"],
  [/^http\.request\.body\./, "write the body of the request"],
  [/^http\.request\.method$/, "write the method of the request"],
  [/^http\.request\.version$/, "write the request with its version, as raw HTTP or JSON"],
  [/^http\.request\.timestamp\./, "write the time of the request: at TIME"],
  [/^ip\.src$/, "write the address: from ADDRESS, or ip"],
];

function adviceOn(name: string): string | undefined {
  // whether the edge cut a request short shows in no request
  if (name.endsWith(".truncated")) return undefined;
  return ADVICE_ON_FIELDS.find(([pattern]) => pattern.test(name))?.[1];
}

/**
 * The problem of a field that does not exist, that follows from the request itself, or that has a value which it cannot
 * have. All are checked here, because a field that no rule reads is checked nowhere else.
 */
function givenProblem({ given = {} }: RequestFacts): string | undefined {
  for (const [name, value] of Object.entries(given)) {
    const field = SCHEMA.fields.get(name);
    if (field === undefined) {
      const meant = didYouMeanField(name, SCHEMA);
      return `a value is given for ${name}, but there is no such field${meant ? `; ${meant}` : ""}`;
    }
    const advice = adviceOn(field.replacedBy ?? name);
    if (advice !== undefined) return `${name} must not be given, because the request says it: ${advice}`;
    try {
      convert(value, field.type, name);
      const limits = visitorName(name);
      const wrong = limits && limitProblem(limits, value);
      if (wrong !== undefined) return `${name} is ${quote(String(value))}, but ${wrong}`;
    } catch (error) {
      if (!(error instanceof FieldValueError)) throw error;
      return error.message;
    }
  }
  return undefined;
}
