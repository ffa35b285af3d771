import type { Code, HttpEntry, NamespaceCall, NamespaceEntry } from "../../surface.ts";

/** With what a request for an entry can be refused: by the gateway as for every entry like it, and by the action. */
export function requestRefusals(entry: HttpEntry): {
  readonly gateway: readonly Code[];
  readonly action: readonly Code[];
} {
  const { method, access, kind } = entry;
  const hasBody = method !== "GET";
  const takesJson = hasBody && kind === undefined;
  const gateway: readonly Code[] = [
    "BAD_REQUEST",
    ...when(takesJson, "BAD_JSON"),
    ...when(access !== "public", "UNAUTHORIZED"),
    ...forbidden(entry),
    ...when(hasBody, "ORIGIN"),
    "TIMEOUT",
    ...when(hasBody, "PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"),
    "VALIDATION",
    ...when(takesJson, "TOO_DEEP"),
    ...when(entry.kind === "stream" && entry.body?.as === "webhook", "SIGNATURE"),
    "RATE_LIMITED",
    "HEADERS_TOO_LARGE",
    "INTERNAL",
    "UNAVAILABLE",
  ];
  return { gateway, action: ofAction(entry) };
}

/** With what a call over a socket can be refused, in the main namespace or another one. */
export function callRefusals(entry: NamespaceCall): readonly Code[] {
  const gateway: readonly Code[] = [
    "UNAUTHORIZED",
    "VALIDATION",
    "TOO_DEEP",
    "RATE_LIMITED",
    "INTERNAL",
    "UNAVAILABLE",
  ];
  return [...new Set([...gateway, ...forbidden(entry), ...ofAction(entry)])];
}

/** With what a client can be refused that joins a namespace. A token has to be valid also where none is needed. */
export function joinRefusals(entry: NamespaceEntry): readonly Code[] {
  return ["BAD_REQUEST", "UNAUTHORIZED", ...forbidden(entry), "RATE_LIMITED", "INTERNAL", "UNAVAILABLE"];
}

function when(applies: boolean, ...codes: readonly Code[]): readonly Code[] {
  return applies ? codes : [];
}

/** Every account has the role `user`. Where it is configured, administrators need an assertion as well. */
function forbidden({ access }: Pick<HttpEntry, "access">): readonly Code[] {
  return [...when(access !== "public" && access !== "user", "FORBIDDEN"), ...when(access === "admin", "ASSERTION")];
}

/** `checkSurface` has found every code that does not exist. */
function ofAction({ params, refuses = [] }: HttpEntry | NamespaceCall): readonly Code[] {
  return [...refuses, ...Object.values(params).flatMap((param) => param.refuses ?? [])] as readonly Code[];
}
