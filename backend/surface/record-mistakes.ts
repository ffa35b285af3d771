import { GENERAL_CODES } from "./codes.ts";
import { namespaceMistakes, type UncheckedNamespace } from "./namespace-mistakes.ts";
import { GENERAL_RATES } from "./rate-classes.ts";
import {
  lineOf,
  type Mistake,
  mistakeUnless,
  nameMistakes,
  objectMistakesOf,
  propertyMistakes,
  schemaMistakes,
} from "./schema-mistakes.ts";

/** What one file declares by name. Its types are not checked yet when the backend starts. */
export interface DeclaredRecords {
  /** From the project's folder. */
  readonly file: string;
  readonly namespaces?: readonly UncheckedNamespace[];
  readonly emits?: Readonly<Record<string, { readonly payload: unknown }>>;
  readonly codes?: Readonly<Record<string, unknown>>;
  readonly rates?: Readonly<Record<string, unknown>>;
  readonly audits?: readonly string[];
  readonly actions?: Readonly<Record<string, { readonly params: unknown; readonly returns: unknown }>>;
  readonly events?: Readonly<Record<string, { readonly payload: unknown }>>;
}

/** The mistakes in what files declare by name: namespaces, events, codes, rate classes, actions for services. */
export function recordMistakes(
  files: readonly DeclaredRecords[],
  entries: readonly { readonly entry: { readonly action: string }; readonly file: string }[],
  roles: readonly string[],
): string[] {
  const general = [
    { file: "backend/surface/codes.ts", codes: GENERAL_CODES },
    { file: "backend/surface/rate-classes.ts", rates: GENERAL_RATES },
  ];
  const actions = entries.map(({ entry, file }) => ({ name: entry.action, file }));
  const named = (member: "emits" | "codes" | "rates" | "actions" | "events") =>
    [...general, ...files].flatMap((one: DeclaredRecords) =>
      Object.entries(one[member] ?? {}).map(([name, value]) => ({ name, value: value as unknown, file: one.file })),
    );
  const namespaces = files.flatMap(({ file, namespaces = [] }) =>
    namespaces.map((value) => ({ name: value.name, value, file })),
  );
  return [
    ...declaredOnce(namespaces, [], ({ name, value, file }) => [
      ...namespaceMistakes(value, roles).map((mistake) => lineOf(file, `the namespace ${name}`, mistake)),
      ...Object.entries(value.emits ?? {}).flatMap(([event, emitted]) =>
        payloadMistakes(emitted).map((mistake) => lineOf(file, `the event ${event} of ${name}`, mistake)),
      ),
    ]),
    ...declaredOnce(named("emits"), [], ({ name, value, file }) =>
      payloadMistakes(value).map((mistake) => lineOf(file, `the event ${name}`, mistake)),
    ),
    ...declaredOnce(named("events"), [], ({ name, value, file }) =>
      payloadMistakes(value).map((mistake) => lineOf(file, `the event ${name} between services`, mistake)),
    ),
    ...declaredOnce(named("codes"), [], ({ name, value, file }) =>
      codeMistakes(name, value).map((mistake) => lineOf(file, `the code ${name}`, mistake)),
    ),
    ...declaredOnce(named("rates"), [], ({ name, value, file }) =>
      rateMistakes(name, value).map((mistake) => lineOf(file, `the rate class ${name}`, mistake)),
    ),
    ...declaredOnce(
      files.flatMap(({ file, audits = [] }) => audits.map((name) => ({ name, file }))),
      [],
      ({ name, file }) => auditMistakes(name).map((mistake) => lineOf(file, `the audited action ${name}`, mistake)),
    ),
    ...declaredOnce(named("actions"), actions, ({ name, value, file }) =>
      actionMistakes(name, value).map((mistake) => lineOf(file, `the action ${name}`, mistake)),
    ),
  ];
}

interface Declared {
  readonly name: string;
  readonly file: string;
}

/** The mistakes in each declaration, and one for each name that was declared before. */
function declaredOnce<D extends Declared>(
  all: readonly D[],
  before: readonly Declared[],
  mistakesIn: (one: D) => readonly string[],
): string[] {
  const files = new Map(before.map(({ name, file }) => [name, file]));
  return all.flatMap((one) => {
    const first = files.get(one.name);
    files.set(one.name, first ?? one.file);
    const again = `${one.file}: ${one.name} is declared twice, first in ${first}; give this one another name.`;
    return [...mistakesIn(one), ...(first === undefined ? [] : [again])];
  });
}

function payloadMistakes(event: unknown): Mistake[] {
  const { payload } = (event ?? {}) as { readonly payload?: unknown };
  return schemaMistakes(payload, "payload", { isParameter: false, maySecret: false });
}

function codeMistakes(name: string, code: unknown): Mistake[] {
  const [status, message] = Array.isArray(code) ? (code as readonly unknown[]) : [];
  const isStatus = Number.isInteger(status) && (status as number) >= 400 && (status as number) <= 599;
  return [
    ...mistakeUnless(
      /^[A-Z][A-Z0-9_]{1,63}$/.test(name),
      "name",
      `is ${JSON.stringify(name)}`,
      "use capitals, digits and _",
    ),
    ...mistakeUnless(
      isStatus && typeof message === "string" && message !== "",
      "value",
      `is ${JSON.stringify(code)}`,
      'give an HTTP status from 400 to 599 and a sentence: [409, "This todo is done already."]',
    ),
  ];
}

function rateMistakes(name: string, rate: unknown): Mistake[] {
  const { requests, seconds, usersAtAddress = 1 } = (rate ?? {}) as Readonly<Record<string, unknown>>;
  const isCount = (value: unknown) => Number.isInteger(value) && (value as number) > 0;
  return [
    ...mistakeUnless(
      /^[a-z][A-Za-z0-9]{0,31}$/.test(name),
      "name",
      `is ${JSON.stringify(name)}`,
      "write it like export",
    ),
    ...mistakeUnless(
      isCount(requests) && isCount(seconds) && isCount(usersAtAddress),
      "value",
      `is ${JSON.stringify(rate)}`,
      "give whole numbers above 0: { requests: 20, seconds: 3600 }",
    ),
  ];
}

function auditMistakes(name: string): Mistake[] {
  return mistakeUnless(
    /^[a-z]\w*\.[a-z]\w*$/i.test(name),
    "name",
    `is ${JSON.stringify(name)}`,
    'name a thing and what was done to it: "todo.removed"',
  );
}

function actionMistakes(name: string, action: unknown): Mistake[] {
  const { params, returns } = (action ?? {}) as { readonly params?: unknown; readonly returns?: unknown };
  return [
    ...nameMistakes(name),
    ...propertyMistakes(params, "params", { isParameter: true, maySecret: true }),
    ...objectMistakesOf(returns),
  ];
}
