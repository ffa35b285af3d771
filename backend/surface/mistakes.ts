import { GENERAL_CODES } from "./codes.ts";
import type { FeatureSurface } from "./feature-surface.ts";
import type { UncheckedNamespace } from "./namespace-mistakes.ts";
import { isParameter, matchesPath, pathNames, segmentsOf } from "./path.ts";
import { GENERAL_RATES } from "./rate-classes.ts";
import { type DeclaredRecords, recordMistakes } from "./record-mistakes.ts";
import {
  accessMistakes,
  lineOf,
  type Mistake,
  mistakeUnless,
  nameMistakes,
  objectMistakesOf,
  propertyMistakes,
} from "./schema-mistakes.ts";
import { streamMistakes } from "./stream-mistakes.ts";

/** What one file declares. Its types are not checked yet: nothing compiles the program before the backend starts. */
export interface SurfaceFile extends DeclaredRecords {
  readonly http?: readonly UncheckedHttpEntry[];
  readonly socket?: readonly UncheckedSocketEntry[];
  readonly namespaces?: readonly UncheckedNamespace<UncheckedSocketEntry>[];
}

interface UncheckedEntry {
  readonly action: string;
  readonly access: string;
  readonly rate: string;
  readonly summary: string;
  readonly params: unknown;
  readonly returns: unknown;
  readonly refuses?: readonly string[];
}
interface UncheckedHttpEntry extends UncheckedEntry {
  readonly method: string;
  readonly path: string;
  readonly bodyLimit: number;
  readonly kind?: unknown;
  readonly body?: unknown;
}
type UncheckedSocketEntry = UncheckedEntry;

/** Names that entries may use, and paths that they may not. */
export interface SurfaceNames {
  readonly roles: readonly string[];
  /** Paths that no entry may have: something else is served there. */
  readonly takenPaths: readonly string[];
}

/** Mistakes in the surface, which stop the start. The message has file, entry and remedy of each of them. */
export class SurfaceError extends Error {
  override readonly name = "SurfaceError";
  constructor(lines: readonly string[]) {
    const many = lines.length === 1 ? "There is a mistake" : `There are ${lines.length} mistakes`;
    super(`${many} in the surface, so nothing was started:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  }
}

/** @throws SurfaceError when an entry cannot be served as it is declared */
export function checkSurface(files: readonly SurfaceFile[], known: SurfaceNames): void {
  const lines = surfaceMistakes(files, known);
  if (lines.length > 0) throw new SurfaceError(lines);
}

/** One line for each mistake: `FILE: ENTRY: PLACE PROBLEM. REMEDY.` */
function surfaceMistakes(files: readonly SurfaceFile[], names: SurfaceNames): string[] {
  const codes = new Set([GENERAL_CODES, ...files.map(({ codes = {} }) => codes)].flatMap((all) => Object.keys(all)));
  const rates = [GENERAL_RATES, ...files.map(({ rates = {} }) => rates)].flatMap((all) => Object.keys(all));
  const known = { ...names, codes, rates };
  const all = files.flatMap(({ file, http = [], socket = [], namespaces = [] }) => [
    ...http.map((entry) => ({ file, entry, name: `${entry.method} ${entry.path}`, mayBePublic: true })),
    ...socket.map((entry) => ({ file, entry, name: `the call ${entry.action}`, mayBePublic: false })),
    ...namespaces.flatMap(({ name: namespace, calls = [] }) =>
      calls.map((entry) => ({ file, entry, name: `the call ${entry.action} of ${namespace}`, mayBePublic: true })),
    ),
  ]);
  const lines: string[] = [];
  for (const [index, { file, entry, name, mayBePublic }] of all.entries()) {
    const isHttp = isHttpEntry(entry);
    const earlier = all.slice(0, index);
    const mistakes = [
      ...entryMistakes(entry, known),
      ...(isHttp ? httpMistakes(entry, known) : socketMistakes(entry, mayBePublic)),
      ...(isHttp && entry.kind !== undefined ? streamMistakes(entry) : objectMistakesOf(entry.returns)),
      ...(isHttp ? earlier.flatMap((one) => (isHttpEntry(one.entry) ? pathClash(entry, one.entry, one) : [])) : []),
      ...earlier.filter((one) => one.entry.action === entry.action).map((one) => sameAction(entry.action, one)),
    ];
    lines.push(...mistakes.map((mistake) => lineOf(file, name, mistake)));
  }
  return [...files.flatMap(memberMistakes), ...lines, ...recordMistakes(files, all, names.roles)];
}

const MEMBERS: Readonly<Record<keyof FeatureSurface | "file", true>> = {
  ...{ file: true, http: true, socket: true, emits: true, events: true, actions: true, namespaces: true },
  ...{ codes: true, rates: true, audits: true },
};

/** A misspelt member would be ignored, and with it all that it declares. */
function memberMistakes(surface: SurfaceFile): string[] {
  const expected = Object.keys(MEMBERS).filter((name) => name !== "file");
  return Object.keys(surface)
    .filter((name) => !Object.hasOwn(MEMBERS, name))
    .map((name) => {
      const remedy = `use one of ${expected.join(", ")}`;
      return lineOf(surface.file, "the surface", { place: name, problem: "is no member of a surface", remedy });
    });
}

function isHttpEntry(entry: UncheckedHttpEntry | UncheckedSocketEntry): entry is UncheckedHttpEntry {
  return "path" in entry;
}

function entryMistakes(
  { action, access, rate, summary, params, refuses = [] }: UncheckedEntry,
  { roles, rates, codes }: SurfaceNames & { readonly codes: ReadonlySet<string>; readonly rates: readonly string[] },
): Mistake[] {
  const ofParams = Object.entries((params ?? {}) as Readonly<Record<string, { readonly refuses?: readonly string[] }>>);
  const named = [
    { place: "refuses", codes: refuses },
    ...ofParams.map(([name, param]) => ({ place: `params.${name}.refuses`, codes: param?.refuses ?? [] })),
  ];
  return [
    ...nameMistakes(action),
    ...accessMistakes(access, roles),
    ...mistakeUnless(
      rates.includes(rate),
      "rate",
      `is ${JSON.stringify(rate)}, which is no class`,
      `use one of ${rates.join(", ")}`,
    ),
    ...mistakeUnless(
      typeof summary === "string" && /^\S.{0,78}\S$/.test(summary),
      "summary",
      `is ${JSON.stringify(summary)}`,
      "say in 2 to 80 characters what the entry does",
    ),
    ...named.flatMap(({ place, codes: refused }) =>
      refused
        .filter((code) => !codes.has(code))
        .map((code) => ({
          place,
          problem: `names the code ${code}, which does not exist`,
          remedy: `add it to the codes of this file: ${code}: [409, "What happened, and what to do."]`,
        })),
    ),
  ];
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const SEGMENT = /^[\w.~!$&'()*+,;=@-][\w.~!$&'()*+,;=:@-]*$/;
const PARAMETER = /^:[A-Za-z][A-Za-z0-9]{0,63}$/;
/** Types whose values a segment of a path, or a parameter of a query, can express. */
const TEXT_LIKE = new Set<unknown>(["string", "integer", "number", "boolean"]);
const MAX_BODY_LIMIT = 64 * 1024 * 1024;

function httpMistakes(
  { method, path, bodyLimit, params, kind }: UncheckedHttpEntry,
  { takenPaths }: SurfaceNames,
): Mistake[] {
  const segments = segmentsOf(path);
  const wrongSegment = segments.find((one) =>
    isParameter(one) ? !PARAMETER.test(one) : !SEGMENT.test(one) || /^\.\.?$/.test(one),
  );
  const isPath = path.startsWith("/") && wrongSegment === undefined;
  const names = pathNames(path);
  // a stream's parameters are in path and query, whatever its body is
  const hasBody = method !== "GET" && bodyLimit > 0 && kind === undefined;
  const isBodyLimit = Number.isInteger(bodyLimit) && bodyLimit >= 0 && bodyLimit <= MAX_BODY_LIMIT;
  const clash = takenPaths.find((one) => matchesPath(path, one));
  return [
    ...mistakeUnless(
      METHODS.includes(method),
      "method",
      `is ${JSON.stringify(method)}`,
      `use one of ${METHODS.join(", ")}`,
    ),
    ...mistakeUnless(
      isPath,
      "path",
      `has the segment ${JSON.stringify(wrongSegment ?? path)}`,
      "write segments of letters, digits and -._~ that are not empty, and parameters as :name",
    ),
    ...mistakeUnless(
      clash === undefined,
      "path",
      `is also that of ${clash}, which is served already`,
      "choose another path",
    ),
    ...mistakeUnless(
      new Set(names).size === names.length,
      "path",
      "has two parameters of one name",
      "give each its own",
    ),
    ...mistakeUnless(
      isBodyLimit,
      "bodyLimit",
      `is ${bodyLimit}`,
      `give the largest body in bytes, up to ${MAX_BODY_LIMIT}`,
    ),
    ...mistakeUnless(
      method !== "GET" || bodyLimit === 0,
      "bodyLimit",
      `is ${bodyLimit}, and a GET request has no body`,
      "set it to 0 or use another method",
    ),
    ...names.flatMap((name) => pathParameterMistakes(name, params)),
    ...Object.entries((params ?? {}) as object).flatMap(([name, schema]) => {
      const maySecret = hasBody && !names.includes(name);
      const found = propertyMistakes({ [name]: schema }, "params", { isParameter: true, maySecret });
      return found.length > 0 || hasBody || names.includes(name) ? found : queryMistakes(name, schema);
    }),
    ...mistakeUnless(
      typeof params === "object" && params !== null,
      "params",
      "is missing",
      "write {} where there is none",
    ),
  ];
}

interface AnySchema {
  readonly type?: unknown;
  readonly optional?: unknown;
  readonly minLength?: unknown;
  readonly items?: { readonly type?: unknown };
}

function pathParameterMistakes(name: string, params: unknown): Mistake[] {
  const schema = ((params ?? {}) as Readonly<Record<string, AnySchema | undefined>>)[name];
  const place = `params.${name}`;
  if (!schema) return [{ place, problem: "is in the path and not declared", remedy: `add ${name} to params` }];
  return [
    ...mistakeUnless(
      schema.optional !== true,
      place,
      "is in the path and optional",
      "a segment is never missing: declare it without optional",
    ),
    ...mistakeUnless(
      TEXT_LIKE.has(schema.type),
      place,
      "is in the path, which carries text or a number",
      "use string, integer or oneOf",
    ),
    ...mistakeUnless(
      schema.minLength !== 0,
      place,
      "is in the path and may be empty",
      "a segment is never empty: give it min 1",
    ),
  ];
}

function queryMistakes(name: string, schema: AnySchema): Mistake[] {
  const { type, items } = schema ?? {};
  const isText = TEXT_LIKE.has(type) || (type === "array" && TEXT_LIKE.has(items?.type));
  const remedy = "use string, integer, number, boolean, oneOf or an array of them, or take a body";
  return mistakeUnless(isText, `params.${name}`, "is in the query, which carries text alone", remedy);
}

function socketMistakes({ access, rate, params }: UncheckedSocketEntry, mayBePublic: boolean): Mistake[] {
  return [
    ...mistakeUnless(
      mayBePublic || access !== "public",
      "access",
      "is public, and a socket belongs to a user",
      "name the least role that may call",
    ),
    ...mistakeUnless(
      rate !== "credential",
      "rate",
      "is credential, and the edge sees no message of a socket",
      "make it an HTTP entry",
    ),
    ...propertyMistakes(params, "params", { isParameter: true, maySecret: false }),
  ];
}

interface EntryPlace {
  readonly file: string;
  readonly name: string;
}

/**
 * The mistake that a request could match two entries. A fixed path beside one with parameters is none: it comes first.
 */
function pathClash(entry: UncheckedHttpEntry, other: UncheckedHttpEntry, place: EntryPlace): Mistake[] {
  const where = `${place.name} (${place.file})`;
  if (entry.path === other.path) {
    if (entry.method !== other.method) return [];
    return [
      {
        place: "path",
        problem: `is declared twice, first by ${where}`,
        remedy: "remove one, or change its path or method",
      },
    ];
  }
  const [segments, others] = [segmentsOf(entry.path), segmentsOf(other.path)];
  if (segments.length !== others.length || !segments.some(isParameter) || !others.some(isParameter)) return [];
  const canMeet = segments.every(
    (segment, at) => isParameter(segment) || isParameter(others[at] ?? "") || segment === others[at],
  );
  if (!canMeet) return [];
  const problem = `means the same requests as ${where}`;
  return [
    {
      place: "path",
      problem,
      remedy: "give their parameters the same names and places, or a fixed segment that differs",
    },
  ];
}

function sameAction(action: string, { name, file }: EntryPlace): Mistake {
  const problem = `${action} has an entry already, ${name} (${file})`;
  return { place: "action", problem, remedy: "who may call it is declared once: give this entry an action of its own" };
}
