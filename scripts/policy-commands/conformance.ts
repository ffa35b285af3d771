/**
 * Conformance files, run against the language. Two forms are read: recorded runs of the real engine (`unit_tests`,
 * `engine_runs`) and expressions of the documentation (`expressions`).
 */
import {
  type CompileOptions,
  compile,
  createSchema,
  type Diagnostic,
  type FieldSpec,
  FUNCTIONS,
  type FunctionSpec,
  fieldsOf,
  type LanguageSchema,
  localField,
  locate,
  parseType,
  type Type,
  toBytes,
  type Value,
} from "../../infra/rules/index.ts";

/** How many expressions were compared, and which differ. */
export interface ConformanceResult {
  readonly expressions: number;
  /** Results and errors that were compared. */
  readonly assertions: number;
  readonly differences: readonly VectorDifference[];
  /** Those of KNOWN_DIFFERENCES. */
  readonly known: readonly VectorDifference[];
}

interface VectorDifference {
  readonly expression: string;
  readonly what: string;
}

interface Case {
  readonly ctx?: Readonly<Record<string, unknown>>;
  readonly override?: Readonly<Record<string, unknown>>;
  readonly expected: boolean;
}

interface Vector {
  readonly expr: string;
  readonly scheme?: Readonly<Record<string, string>>;
  readonly nil_ne?: boolean;
  readonly max_depth?: number;
  readonly error: boolean;
  readonly engine_error?: string;
  readonly at?: string;
  readonly cases?: readonly Case[];
}

interface VectorRuns {
  readonly scheme: Readonly<Record<string, string>>;
  readonly nil_ne: boolean;
  readonly base_context: Readonly<Record<string, unknown>>;
  readonly vectors: readonly Vector[];
}

interface Documented {
  readonly expression: string;
  readonly docs_say: "valid" | "invalid";
}

/** A conformance file; each part may be absent. */
export interface VectorFile {
  readonly unit_tests?: readonly Vector[];
  readonly engine_runs?: VectorRuns;
  /** Written by this project from the documentation, for what the recorded engine is too old for. */
  readonly derived?: VectorRuns;
  readonly expressions?: readonly Documented[];
}

// The functions of the engine's own tests, in which regex_replace takes a field alone.
const TEST_FUNCTIONS: readonly FunctionSpec[] = [
  {
    name: "echo",
    params: [{ kind: "field", types: ["Bytes"] }],
    optional: [
      { kind: "literal", types: ["Int"] },
      { kind: "literal", types: ["Int"] },
    ],
    returns: "Bytes",
  },
  { name: "lowercase", params: [{ kind: "field", types: ["Bytes"] }], returns: "Bytes" },
];

const IMPLEMENTATIONS: NonNullable<CompileOptions["functions"]> = {
  echo: (value) => value,
  lowercase: (value) => (typeof value === "string" ? value.toLowerCase() : value),
};

/** Runs everything a file holds. */
export function runVectors(file: VectorFile): ConformanceResult {
  const outcomes = [
    ...(file.unit_tests ?? []).map((vector) => runVector(vector, vector.scheme ?? {}, vector.nil_ne ?? true, {})),
    ...[file.engine_runs, file.derived].flatMap((runs) =>
      (runs?.vectors ?? []).map((vector) =>
        runVector(vector, runs?.scheme ?? {}, runs?.nil_ne ?? false, runs?.base_context ?? {}),
      ),
    ),
    ...(file.expressions ?? []).map(runDocumented),
  ];
  return {
    expressions: outcomes.length,
    assertions: outcomes.reduce((sum, { assertions }) => sum + assertions, 0),
    differences: outcomes.flatMap(({ differences }) => differences),
    known: outcomes.flatMap(({ known }) => known),
  };
}

type VectorOutcome = Omit<ConformanceResult, "expressions">;

function runVector(
  vector: Vector,
  scheme: Readonly<Record<string, string>>,
  nilNotEqual: boolean,
  base: Readonly<Record<string, unknown>>,
): VectorOutcome {
  const expression = vector.expr;
  const schema = schemaOf(scheme, nilNotEqual);
  const options = {
    schema,
    functions: IMPLEMENTATIONS,
    ...(vector.max_depth !== undefined && { maxDepth: vector.max_depth }),
  };
  const compiled = compile(expression, options);
  if (vector.error) return vectorOutcome({ differences: compareError(vector, compiled) });
  if (!compiled.ok)
    return vectorOutcome({
      differences: [{ expression, what: `should compile, but ${firstMessage(compiled.diagnostics)}` }],
    });
  const differences: VectorDifference[] = [];
  for (const { ctx, override, expected } of vector.cases ?? []) {
    const given = { ...base, ...ctx, ...override };
    const result = outcomeOf(() => {
      const run = compile(expression, { ...options, lists: listsOf(given, compiled.lists) });
      return run.ok && run.matches(fieldsOf(schema, bytesIn(given, schema)));
    });
    if (result !== expected)
      differences.push({
        expression,
        what: `expected ${expected} for ${JSON.stringify(ctx ?? override ?? {})}, got ${result}`,
      });
  }
  return { assertions: Math.max(1, vector.cases?.length ?? 0), differences, known: [] };
}

/** The value of the expression, or the message of the error: an error is a difference and does not end the command. */
function outcomeOf(run: () => boolean): boolean | string {
  try {
    return run();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function compareError(vector: Vector, compiled: ReturnType<typeof compile>): readonly VectorDifference[] {
  const { expr: expression, engine_error: error = "an error", at } = vector;
  if (compiled.ok) return [{ expression, what: `should be refused: ${at ?? ""} ${error}` }];
  const [diagnostic] = compiled.diagnostics;
  const { line, column } = locate(expression, diagnostic?.engine?.at ?? diagnostic?.span.start ?? 0);
  if (at === undefined || at === `${line}:${column}`) return [];
  return [{ expression, what: `expected ${at} ${error}, got ${line}:${column} ${firstMessage(compiled.diagnostics)}` }];
}

function runDocumented({ expression, docs_say }: Documented): VectorOutcome {
  const compiled = compile(expression);
  const agrees = compiled.ok === (docs_say === "valid");
  const reason = KNOWN_DIFFERENCES[expression];
  if (agrees && reason)
    return vectorOutcome({ differences: [{ expression, what: "agrees now; take it off the known differences" }] });
  if (agrees) return vectorOutcome({});
  if (reason) return vectorOutcome({ known: [{ expression, what: reason }] });
  const what = compiled.ok ? "should be refused" : `should be valid, but ${firstMessage(compiled.diagnostics)}`;
  return vectorOutcome({ differences: [{ expression, what }] });
}

function vectorOutcome(found: Partial<VectorOutcome>): VectorOutcome {
  return { assertions: 1, differences: [], known: [], ...found };
}

function firstMessage(diagnostics: readonly Diagnostic[]): string {
  return `${diagnostics[0]?.message} (${diagnostics[0]?.engine?.message ?? diagnostics[0]?.code})`;
}

/** A type that ends in `?` may be missing, which needs nothing here: every missing value is allowed. */
function schemaOf(scheme: Readonly<Record<string, string>>, nilNotEqual: boolean): LanguageSchema {
  const fields = Object.entries(scheme).map(([name, written]): FieldSpec => {
    const type = parseType(written.replace(/\?$/, ""));
    if (!type) throw new Error(`the type ${written} of ${name} is unknown`);
    return localField(name, type);
  });
  return createSchema(fields, [...FUNCTIONS, ...TEST_FUNCTIONS], { nilNotEqual });
}

function listsOf(
  given: Readonly<Record<string, unknown>>,
  names: readonly string[],
): Map<string, (value: Value) => boolean> {
  const data = ((given.$lists ?? []) as { data: Record<string, unknown[]> }[]).flatMap((list) =>
    Object.entries(list.data),
  );
  const lists = new Map<string, (value: Value) => boolean>(names.map((name) => [name, () => false]));
  for (const [name, items] of data) lists.set(name, (value) => items.includes(value));
  return lists;
}

/** The files write a string as text, whose bytes are UTF-8, or as a list of bytes. */
function bytesIn(given: Readonly<Record<string, unknown>>, schema: LanguageSchema): Record<string, unknown> {
  return Object.fromEntries(
    [...schema.fields.values()]
      .filter(({ name }) => name in given)
      .map(({ name, type }) => [name, fieldValue(given[name], type)]),
  );
}

function fieldValue(value: unknown, type: Type): unknown {
  if (typeof value === "string") return toBytes(value);
  if (Array.isArray(value)) {
    if (type === "Bytes") return String.fromCharCode(...(value as number[]));
    return typeof type === "string" ? value : value.map((element) => fieldValue(element, type.of));
  }
  if (typeof value !== "object" || value === null || typeof type === "string") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, element]) => [toBytes(key), fieldValue(element, type.of)]),
  );
}

/**
 * Expressions of the documentation of which our result differs, with the reason. One whose result is equal fails too,
 * so that the list stays true.
 */
export const KNOWN_DIFFERENCES: Readonly<Record<string, string>> = {
  'http.host eq "www.cloudflare.com" or ip.src in 203.0.113.0/24':
    "a mistake in the documentation: `in` takes a set, and the engine refuses it without braces",
};
