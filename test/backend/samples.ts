import { existsSync } from "node:fs";
import { features } from "../../backend/features.ts";
import type { FeatureSurface } from "../../backend/surface/feature-surface.ts";
import type { Params } from "../../backend/surface/grammar.ts";
import {
  type HttpEntry,
  http,
  type NamespaceCall,
  namespaceCalls,
  type SocketEntry,
  socket,
} from "../../backend/surface.ts";
import { type FeatureSamples, type SampleBody, sample } from "./sample-values.ts";
import type { Store } from "./store/open-store.ts";
import type { TestUser } from "./test-backend.ts";

/** Everything that a client can ask for. */
export const httpEntries: readonly HttpEntry[] = http;
export const socketEntries: readonly SocketEntry[] = socket;
/** The entries of all ways: HTTP, the socket, and namespaces. */
export const allEntries: readonly (HttpEntry | SocketEntry | NamespaceCall)[] = [
  ...httpEntries,
  ...socketEntries,
  ...namespaceCalls,
];

/** The samples of each feature that has some, by the feature's name. */
const samplesOf = new Map<string, FeatureSamples>();
for (const { name } of features) {
  const file = new URL(`./${name}/samples.ts`, import.meta.url);
  if (existsSync(file)) samplesOf.set(name, ((await import(file.href)) as { samples: FeatureSamples }).samples);
}

const featureOf = new Map(
  features.flatMap(({ name, surface }) => {
    const { http: requests = [], socket: calls = [], namespaces = [] }: FeatureSurface = surface;
    return [...requests, ...calls, ...namespaces.flatMap((namespace) => namespace.calls)].map(
      ({ action }) => [action as string, name as string] as const,
    );
  }),
);

function samplesFor(action: string): FeatureSamples {
  return samplesOf.get(featureOf.get(action) ?? "") ?? {};
}

/** The file with the samples of the feature that has this action, whether it is there or not. */
export const samplesFileOf = (action: string): string => `test/backend/${featureOf.get(action)}/samples.ts`;

/** Parameters with which an action succeeds for this person; `target` is the user that an administrator does it to. */
export function goodParams(
  action: string,
  params: Params,
  person: TestUser,
  target: TestUser = person,
): Record<string, unknown> {
  const { values, given = [] } = samplesFor(action);
  const known = values?.(person, target, action) ?? {};
  const sent = Object.entries(params).filter(([name, param]) => param.optional !== true || given.includes(name));
  return Object.fromEntries(sent.map(([name, param]) => [name, known[name] ?? sample(param)]));
}

/** The same, with what has to be in the store before the action can succeed. */
export async function prepared(
  store: Store,
  action: string,
  params: Params,
  person: TestUser,
  target: TestUser,
): Promise<Record<string, unknown>> {
  const own = await samplesFor(action).prepare?.(store, action, person, target);
  return { ...goodParams(action, params, person, target), ...own };
}

/** A body with which an action of an entry that takes no JSON succeeds. */
export function sampleBody(action: string): SampleBody {
  const body = samplesFor(action).bodies?.[action];
  if (!body) throw new Error(`no body is known that ${action} takes; add one to the bodies of its samples`);
  return body;
}

/** A path as it is requested, with a value for each of its parameters. */
export const requestedPath = (path: string): string => path.replaceAll(/:\w+/g, "7");

/** A path as the OpenAPI document writes it. */
export const templateOf = (path: string): string => path.replaceAll(/:(\w+)/g, "{$1}");

/** Parameters as a query carries them: an array by repeating the name. */
export function queryOf(params: Readonly<Record<string, unknown>>): string {
  const pairs = Object.entries(params).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)]));
  return new URLSearchParams(pairs).toString();
}

/** The values that parameters may have, of all features together. */
export async function likelyValues(...of: Parameters<NonNullable<FeatureSamples["likelyValues"]>>) {
  const found = await Promise.all([...samplesOf.values()].map((samples) => samples.likelyValues?.(...of)));
  return {
    any: found.flatMap((values) => values?.any ?? []),
    byName: Object.assign({}, ...found.map((values) => values?.byName)) as Readonly<Record<string, readonly string[]>>,
  };
}

/** What clients have stored by calls, of all features together. */
export async function storedByCalls(...of: Parameters<NonNullable<FeatureSamples["listStored"]>>): Promise<unknown[]> {
  return (await Promise.all([...samplesOf.values()].map((samples) => samples.listStored?.(...of) ?? []))).flat();
}

/** `\u0958` is two characters once it is normal. */
const REFUSED: NonNullable<FeatureSamples["refused"]> = {
  NAME_CONTROL: "\u202eadmin",
  NAME_EMPTY: " ",
  NAME_LONG: "\u0958".repeat(64),
  NAME_MIXED: "\u0410da",
  NAME_RESERVED: "System",
  TEXT_CONTROL: "\u0007 ring",
  TEXT_MARKS: `a${"\u0301".repeat(31)}`,
  TEXT_EMPTY: " ",
  TEXT_LONG: "\u0958".repeat(4000),
};

/** The parameters of an action, of which `field` has a value that is refused with this code and no other. */
export function refusedParams(
  action: string,
  field: string,
  code: string,
  good: Readonly<Record<string, unknown>>,
  person: TestUser,
): Record<string, unknown> {
  const { refused = {}, otherParams } = samplesFor(action);
  const value = refused[code] ?? REFUSED[code];
  if (value === undefined)
    throw new Error(`no value is known that ${action} refuses as ${code}; add one to its samples`);
  return {
    ...good,
    ...otherParams?.(action, code),
    [field]: typeof value === "function" ? value(good, person) : value,
  };
}
