import { newMailToken } from "../../backend/domain/mail-token.ts";
import type { Store } from "../../backend/store/index.ts";
import { type HttpEntry, http, type Param, type Params, type SocketEntry, socket } from "../../backend/surface.ts";
import type { Person } from "./support.ts";

/** Everything that somebody outside can ask for. */
export const httpEntries: readonly HttpEntry[] = http;
export const socketEntries: readonly SocketEntry[] = socket;

let fresh = 0;

/** Parameters with which an action succeeds for this person; `target` is whom an administrator does it to. */
export function goodParams(
  action: string,
  params: Params,
  person: Person,
  target: Person = person,
): Record<string, unknown> {
  const isNew = action === "users.register" || action === "users.changeEmail";
  const known: Record<string, unknown> = {
    email: isNew ? `fresh${++fresh}@example.org` : person.email,
    password: person.password,
    refreshToken: person.refreshToken,
    newPassword: `${person.password} anew`,
    id: target.id,
    sid: sidOf(person.accessToken),
    role: "user",
    room: "lobby",
    state: "away",
    clientId: `c-${++fresh}`,
  };
  const required = Object.entries(params).filter(([name, param]) => param.optional !== true || name === "refreshToken");
  return Object.fromEntries(required.map(([name, param]) => [name, known[name] ?? sample(param)]));
}

/** The same, with what has to stand in the store before the action can succeed. */
export async function prepared(
  store: Store,
  action: string,
  params: Params,
  person: Person,
  target: Person,
): Promise<Record<string, unknown>> {
  const good = goodParams(action, params, person, target);
  if (action === "users.requestVerification") await store.mailTokens.forget(person.id); // one was sent a moment ago
  if (!("token" in params)) return good;
  await store.mailTokens.forget(person.id);
  const { token, hash } = newMailToken();
  const purpose = action === "users.resetPassword" ? "reset" : "verify";
  const link = { userId: person.id, purpose, email: person.email, hash, expiresAt: Date.now() + 60_000 } as const;
  await store.mailTokens.issue(link, Date.now());
  return { ...good, token };
}

/** The session that an access token belongs to. */
export function sidOf(accessToken: string): string {
  return JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString()).sid;
}

function sample(param: Param): unknown {
  switch (param.type) {
    case "integer":
      return param.min;
    case "email":
      return "somebody@example.org";
    case "string":
      return "sample".repeat(11).slice(0, Math.max(param.min, Math.min(param.max, 6)));
  }
}
