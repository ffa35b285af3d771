import { accessMistakes, type Mistake, mistakeUnless } from "./schema-mistakes.ts";

interface UncheckedCall {
  readonly action: string;
  readonly access: string;
}

/** A declared namespace. Its types are not checked yet when the backend starts. */
export interface UncheckedNamespace<Call extends UncheckedCall = UncheckedCall> {
  readonly name: string;
  readonly access: string;
  readonly summary: string;
  readonly calls: readonly Call[];
  readonly emits?: Readonly<Record<string, unknown>>;
}

const NAME = /^\/[a-z][a-z0-9-]{0,31}$/;
const EVENT = /^[A-Za-z][A-Za-z0-9]{0,63}$/;
/** Names that Socket.IO or the gateway uses for events of its own. */
const TAKEN_EVENTS: ReadonlySet<string> = new Set([
  ...["connect", "connect_error", "disconnect", "disconnecting", "error", "newListener", "removeListener"],
  ...["drain", "call", "authenticate"],
]);

/** The mistakes in a namespace. Its calls and the payloads of its events are checked elsewhere, like all others. */
export function namespaceMistakes(
  { name, access, summary, calls, emits = {} }: UncheckedNamespace,
  roles: readonly string[],
): readonly Mistake[] {
  return [
    ...mistakeUnless(
      NAME.test(name),
      "name",
      `is ${JSON.stringify(name)}`,
      'write a slash and then up to 32 lower-case letters, digits and hyphens: "/jobs"',
    ),
    ...accessMistakes(access, roles),
    ...mistakeUnless(
      typeof summary === "string" && /^\S.{0,78}\S$/.test(summary),
      "summary",
      `is ${JSON.stringify(summary)}`,
      "say in 2 to 80 characters what the namespace is for",
    ),
    ...mistakeUnless(
      Array.isArray(calls) && calls.length + Object.keys(emits).length > 0,
      "calls",
      "and emits are empty",
      "list the calls that clients may make, or the events that they get",
    ),
    ...(access === "public" ? [] : calls.filter((call) => call.access === "public")).map(({ action }) => ({
      place: `calls ${action}`,
      problem: `is public, and only a ${access} may join the namespace`,
      remedy: "name the least role that may call, or make the namespace public",
    })),
    ...Object.keys(emits).flatMap((event) =>
      mistakeUnless(
        EVENT.test(event) && !TAKEN_EVENTS.has(event),
        "emits",
        `has the event ${JSON.stringify(event)}`,
        `use letters and digits, and none of ${[...TAKEN_EVENTS].join(", ")}`,
      ),
    ),
  ];
}
