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
  const isNew = action === "users.register";
  const known: Record<string, unknown> = {
    email: isNew ? `fresh${++fresh}@example.org` : person.email,
    password: person.password,
    refreshToken: person.refreshToken,
    newPassword: `${person.password} anew`,
    id: target.id,
    sid: sidOf(person.accessToken),
    role: "user",
    room: "lobby",
    clientId: `c-${++fresh}`,
  };
  const required = Object.entries(params).filter(([name, param]) => param.optional !== true || name === "refreshToken");
  return Object.fromEntries(required.map(([name, param]) => [name, known[name] ?? sample(param)]));
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
