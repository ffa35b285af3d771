// The least that a client with one of our access tokens costs on Node.js: `ws` alone, the check of the token, and one
// row that is read by its key. It speaks as much Socket.IO as the load does, and keeps no message. `node bare-origin.ts
// KIND GIVEN`, where KIND is not looked at and GIVEN is a `Given` as JSON.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type WebSocket, WebSocketServer } from "ws";
import {
  generateSigningKey,
  readSealedToken,
  signAccessToken,
  signingKey,
} from "../../../backend/auth/access-token.ts";
import { accessHash } from "../../../backend/auth/access-tokens.ts";
import { answerQuestions } from "../answer-questions.ts";
import type { Given } from "../backend-origin.ts";
import { BACKLOG, type Ready } from "../contenders.ts";

const SCOPE = { issuer: "causeway", audience: "causeway" };
const OPEN = `0${JSON.stringify({ sid: randomUUID(), upgrades: [], pingInterval: 25_000, pingTimeout: 20_000 })}`;

const { port, users, env }: Given = JSON.parse(process.argv[3] ?? "{}");
const database = new DatabaseSync(join(env.DATA_DIR ?? "", "bare.db"));
database.exec("pragma journal_mode = wal");
database.exec(
  "create table if not exists sessions (id text primary key, user_id text, access_hash text, ended_at integer)",
);
database.exec("create table if not exists keys (pem text)");
const [stored] = database.prepare("select pem from keys").all();
const pem = typeof stored?.pem === "string" ? stored.pem : generateSigningKey();
if (!stored) database.prepare("insert into keys values (?)").run(pem);
const key = signingKey(pem);
const keys = new Map([[key.kid, key]]);
const rooms = new Map<string, { seq: number; readonly members: Set<WebSocket> }>();
const readSession = database.prepare("select * from sessions where id = ?");

/** Starts a session for each user; returns their access tokens. */
function signIn(): readonly string[] {
  const insert = database.prepare("insert into sessions values (?, ?, ?, null)");
  return Array.from({ length: users }, (_, i) => {
    const claims = { id: `u${i}`, sid: randomUUID(), roles: ["user"] as const };
    const { token } = signAccessToken(claims, SCOPE, key, Date.now());
    insert.run(claims.sid, claims.id, accessHash(token));
    return token;
  });
}

function isGenuine(token: string): boolean {
  const identity = readSealedToken(token, SCOPE, keys, Date.now());
  const session = identity && readSession.get(identity.sid);
  return session?.access_hash === accessHash(token) && session.ended_at === null;
}

function receive(socket: WebSocket, packet: string): void {
  if (packet.startsWith("40")) {
    if (!isGenuine(JSON.parse(packet.slice(2)).token)) socket.terminate();
    else socket.send(`40{"sid":"${randomUUID()}"}`);
    return;
  }
  const start = packet.indexOf("[");
  if (!packet.startsWith("42") || start < 0) return;
  const id = packet.slice(2, start);
  const [, action, { room: name, text }] = JSON.parse(packet.slice(start));
  const room = rooms.get(name) ?? { seq: 0, members: new Set() };
  rooms.set(name, room);
  if (action === "chat.join") {
    room.members.add(socket);
    socket.on("close", () => room.members.delete(socket));
    const state = { room: name, epoch: "e", seq: room.seq, messages: [], recovered: false };
    socket.send(`43${id}[null,${JSON.stringify(state)}]`);
    return;
  }
  room.seq += 1;
  const message = JSON.stringify({ room: name, seq: room.seq, epoch: "e", text, at: Date.now() });
  for (const member of room.members) member.send(`42["message",${message}]`);
  socket.send(`43${id}[null,{"message":${message}}]`);
}

const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 64 * 1024 });
sockets.on("connection", (socket) => {
  socket.on("message", (data) => receive(socket, String(data)));
  socket.send(OPEN);
});
process.once("SIGTERM", () => process.exit(0));
process.once("disconnect", () => process.exit(0));
const tokens = signIn();
await new Promise<void>((listening) => server.listen({ port, host: "127.0.0.1", backlog: BACKLOG }, listening));
answerQuestions();
process.send?.({ port: (server.address() as AddressInfo).port, tokens } satisfies Ready);
