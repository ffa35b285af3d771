import { features } from "./features.ts";
import { gatewaySurface } from "./gateway/surface.ts";
import { GENERAL_CODES } from "./surface/codes.ts";
import type {
  DeclaredHttpEntry,
  DeclaredNamespace,
  DeclaredNamespaceCall,
  DeclaredSocketEntry,
  DeclaredStreamEntry,
  Emit,
  FeatureSurface,
  ServiceAction,
} from "./surface/feature-surface.ts";
import type { SurfaceFile } from "./surface/mistakes.ts";
import { GENERAL_RATES, type RateRule } from "./surface/rate-classes.ts";

/**
 * The public surface of the origin as plain data: every HTTP endpoint, every socket call and every event that a feature
 * declares. What no feature declares does not exist: the gateway responds with 404, and the edge blocks it. The
 * gateway's routes, authorization, validation, the types of handlers, OpenAPI, body limits, rate limits and the edge
 * policy are derived from it, so that nothing is written twice.
 */

export { SOCKET_PATH } from "./gateway/surface.ts";
export { assets } from "./page/surface.ts";
export type { Emit } from "./surface/feature-surface.ts";
export type { TypeOf, ValuesOf } from "./surface/grammar.ts";
export { hasParameters, isParameter, matchesPath, segmentsOf } from "./surface/path.ts";
export { ROLES, type Role } from "./surface/roles.ts";

const parts = [...features, { name: "gateway", surface: gatewaySurface }] as const;
const surfaces: readonly FeatureSurface[] = parts.map(({ surface }) => surface);

type SurfacePart = (typeof parts)[number]["surface"];
/** The type of a member of the features' surfaces, without features that leave it out. */
type MemberOf<K extends keyof FeatureSurface, P = SurfacePart> = P extends { readonly [M in K]: infer Value }
  ? Value
  : never;
type EntriesOf<K extends "http" | "socket" | "namespaces"> =
  MemberOf<K> extends readonly (infer Entry)[] ? Entry : never;
type RecordNames<Records> = Records extends unknown ? keyof Records & string : never;
type ValueIn<Records, Name extends string> = Records extends { readonly [N in Name]: infer Value } ? Value : never;
/** The type of a record with the members of all features' records. */
type Merged<K extends RecordMember> = {
  readonly [Name in RecordNames<MemberOf<K>>]: ValueIn<MemberOf<K>, Name>;
};
type RecordMember = "emits" | "actions" | "events" | "codes" | "rates";

function merged(member: RecordMember): object {
  return Object.assign({}, ...surfaces.map((surface) => surface[member]));
}

function entriesOf<K extends "http" | "socket">(member: K): readonly EntriesOf<K>[] {
  return surfaces.flatMap((surface): readonly unknown[] => surface[member] ?? []) as readonly EntriesOf<K>[];
}

/** HTTP endpoints. */
export const http = entriesOf("http");

/** Calls over the socket. */
export const socket = entriesOf("socket");

/** A Socket.IO namespace of a feature; `never` while no feature declares any. */
export type NamespaceOfFeature = EntriesOf<"namespaces">;
type CallsOf<N> = N extends { readonly calls: readonly (infer Call)[] } ? Call : never;
/** A call in such a namespace. */
export type CallInNamespace = CallsOf<NamespaceOfFeature>;

/** Events the server emits to sockets. */
export const emits = merged("emits") as Merged<"emits"> satisfies Readonly<Record<string, Emit>>;
export type EmittedEvent = keyof typeof emits;

/** Actions that only services call: they have no entry, and calls of clients are refused. */
export const serviceActions = merged("actions") as Merged<"actions"> satisfies Readonly<Record<string, ServiceAction>>;

/** The payloads of events between services. */
export type ServiceEvents = Merged<"events">;

type CodesOf<E> = E extends { readonly refuses: readonly (infer C extends string)[] } ? C : never;
type ParamsIn<E> = E extends { readonly params: infer P } ? P[keyof P] : never;
type EntryCode =
  | CodesOf<EntriesOf<"http"> | EntriesOf<"socket"> | CallInNamespace>
  | CodesOf<ParamsIn<EntriesOf<"http"> | EntriesOf<"socket"> | CallInNamespace>>;

/**
 * Every code with which the gateway or an action refuses. A code that an entry names and that is missing here does not
 * compile.
 */
export const CODES = { ...GENERAL_CODES, ...(merged("codes") as Merged<"codes">) } satisfies {
  readonly [C in EntryCode]: readonly [status: number, message: string];
};
export type Code = keyof typeof CODES;

type RateOf<E> = E extends { readonly rate: infer Rate extends string } ? Rate : never;

/**
 * The rate classes, by name. A class that an entry names and that is missing here does not compile, nor does a call
 * over a socket of the class `credential`.
 */
export const RATE_CLASSES = { ...GENERAL_RATES, ...(merged("rates") as Merged<"rates">) } satisfies {
  readonly [C in EntriesOf<"http">["rate"]]: RateRule;
} & {
  readonly [C in EntriesOf<"socket">["rate"] | RateOf<CallInNamespace>]: C extends "credential" ? never : RateRule;
};
export type RateClass = keyof typeof RATE_CLASSES;

/** Entries whose rate class exists. */
export type HttpEntry = DeclaredHttpEntry & { readonly rate: RateClass };
export type StreamEntry = DeclaredStreamEntry & { readonly rate: RateClass };
export type SocketEntry = DeclaredSocketEntry & { readonly rate: Exclude<RateClass, "credential"> };
export type NamespaceCall = DeclaredNamespaceCall & { readonly rate: Exclude<RateClass, "credential"> };
export type NamespaceEntry = Omit<DeclaredNamespace, "calls"> & { readonly calls: readonly NamespaceCall[] };

/** Socket.IO namespaces beside the main one. */
export const namespaces = surfaces.flatMap(({ namespaces = [] }) => namespaces) as readonly NamespaceEntry[];
/** The calls of all namespaces. */
export const namespaceCalls: readonly NamespaceCall[] = namespaces.flatMap(({ calls }) => calls);

type AuditsOf<P> = P extends { readonly audits: readonly (infer Word extends string)[] } ? Word : never;
/** The name of an action in the audit log. */
export type AuditAction = AuditsOf<SurfacePart>;

/** Actions that a client can call over HTTP. */
type HttpAction = (typeof http)[number]["action"];
export type SocketAction = (typeof socket)[number]["action"];
type ActionOf<E> = E extends { readonly action: infer Name extends string } ? Name : never;
export type SurfaceAction = HttpAction | SocketAction | ActionOf<CallInNamespace>;
/** The entry of an action. */
export type EntryOf<A extends SurfaceAction> = Extract<
  (typeof http)[number] | (typeof socket)[number] | CallInNamespace,
  { readonly action: A }
>;

/** What each file declares, so that a mistake can be reported with its file. */
export const surfaceFiles: readonly SurfaceFile[] = parts.map(({ name, surface }) => ({
  file: `backend/${name}/surface.ts`,
  ...(surface as FeatureSurface),
}));
