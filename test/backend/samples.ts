import type { Params, ValueSchema } from "../../backend/surface/grammar.ts";
import { type HttpEntry, http, type SocketEntry, socket } from "../../backend/surface.ts";
import { newMailToken } from "../../backend/users/mail-token.ts";
import type { Store } from "./store/open-store.ts";
import type { Person } from "./support.ts";

/** Every HTTP entry that clients can request. */
export const httpEntries: readonly HttpEntry[] = http;
export const socketEntries: readonly SocketEntry[] = socket;

let fresh = 0;

/** Parameters with which an action succeeds for this person; `target` is the user that an administrator does it to. */
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
    user: target.id,
    kind: "public",
    title: `fresh-${++fresh}`,
    name: `Fresh ${++fresh}`,
    outcome: "dismissed",
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
  if (action.startsWith("chat.")) return { ...good, ...(await inRoom(store, action, person, target)) };
  if (!("token" in params)) return good;
  await store.mailTokens.forget(person.id);
  const { token, hash } = newMailToken();
  const purpose = action === "users.resetPassword" ? "reset" : "verify";
  const link = { userId: person.id, purpose, email: person.email, hash, expiresAt: Date.now() + 60_000 } as const;
  await store.mailTokens.issue(link, Date.now());
  return { ...good, token };
}

/** A room of this person's with the target in it and a message of the person's, as far as the action is about one. */
async function inRoom(store: Store, action: string, person: Person, target: Person): Promise<Record<string, unknown>> {
  const key = `prepared-${++fresh}`;
  const at = Date.now();
  const message = { room: key, authorId: person.id, clientId: `p-${++fresh}`, text: "prepared", at };
  const isAbout = (...names: string[]) => names.some((name) => action === `chat.${name}`);
  if (isAbout("settleReport")) {
    const about = { room: "lobby", seq: 1, authorId: target.id, text: "x", reason: "x" };
    await store.reports.add({ ...about, at, reporterId: `reporter-${++fresh}` });
    const reports = await store.reports.open(1000);
    return { report: reports.at(-1)?.id };
  }
  if (!isAbout("invite", "setRoomRole", "mute", "unmute", "kick", "ban", "unban", "edit", "delete", "report"))
    return {};
  const people = [
    { id: person.id, role: "owner", peerId: null },
    ...(isAbout("invite", "unban") ? [] : [{ id: target.id, role: "member", peerId: null } as const]),
  ] as const;
  await store.rooms.open({ key, kind: "public", title: null, openedBy: "nobody", at }, people);
  if (isAbout("unban")) await store.members.shutOut(key, target.id, at);
  if (isAbout("setRoomRole")) return { room: key, role: "moderator" };
  if (!isAbout("edit", "delete", "report")) return { room: key };
  return { room: key, seq: (await store.messages.append(message, () => undefined)).message.seq };
}

/** The session that an access token belongs to. */
export function sidOf(accessToken: string): string {
  return JSON.parse(Buffer.from(accessToken.split(".")[1] ?? "", "base64url").toString()).sid;
}

/** A value that a schema accepts. */
export function sample(schema: ValueSchema): unknown {
  if ("anyOf" in schema) return sample(schema.anyOf[0]);
  if ("oneOf" in schema) return schema.oneOf[0] && sample(schema.oneOf[0]);
  if ("const" in schema) return schema.const;
  if ("enum" in schema) return schema.enum[0];
  switch (schema.type) {
    case "integer":
    case "number":
      return schema.minimum ?? 0;
    case "boolean":
      return true;
    case "array":
      return Array.from({ length: schema.minItems ?? 0 }, () => sample(schema.items));
    case "object":
      if (!("properties" in schema)) return {};
      return Object.fromEntries(
        schema.required.map((name) => [name, schema.properties[name] && sample(schema.properties[name])]),
      );
    case "string":
      return schema.format === undefined ? textOf(schema.minLength, schema.maxLength) : OF_FORMAT[schema.format];
  }
}

const OF_FORMAT = {
  email: "somebody@example.org",
  uuid: "0b0c7cf5-6c0c-4a52-8a5e-9d3f3d1c9c11",
  date: "2026-02-28",
  "date-time": "2026-02-28T23:59:59Z",
  uri: "https://example.org/",
} as const;

function textOf(min = 0, max = 6): string {
  return "sample".repeat(Math.ceil(min / 6) + 1).slice(0, Math.max(min, Math.min(max, 6)));
}
