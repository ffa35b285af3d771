// The whole backend over an embedded store of its own, with its limits and a thousand users who are signed in, in a process of
// its own: `node backend-origin.ts backend`. Prints its port; the users' tokens stand in the file TOKENS_FILE. `socket.io` instead:
// Socket.IO alone, which sends what it is sent to the room and keeps nothing.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Server } from "socket.io";
import { readConfig } from "../../backend/config.ts";
import { call } from "../../backend/contract/index.ts";
import { hashPassword } from "../../backend/domain/password.ts";
import { bufferedOutput } from "../../backend/log.ts";
import { startBackend } from "../../backend/main.ts";
import { openStore } from "../../backend/store/index.ts";
import { TEST_ASSETS } from "../backend/support.ts";
import { answerQuestions } from "./answer-questions.ts";

const USERS = 1000;

async function backend(): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), "causeway-bench-"));
  process.once("exit", () => rmSync(dataDir, { recursive: true, force: true }));
  const config = readConfig({ PORT: "0", DATA_DIR: dataDir, LOG_LEVEL: "warn" });
  const store = await openStore(config);
  const passwordHash = await hashPassword("correct horse");
  for (let i = 0; i < USERS; i++) {
    const user = { id: `u${i}`, email: `u${i}@example.org`, name: `User ${i}`, passwordHash } as const;
    await store.users.create({ ...user, role: "user", createdAt: Date.now(), disabledAt: null });
  }
  await store.close();
  const { url, broker } = await startBackend(config, { log: bufferedOutput("/dev/null"), assets: TEST_ASSETS });
  const tokens: string[] = [];
  for (let i = 0; i < USERS; i++)
    tokens.push((await call(broker, "auth.startSession", { userId: `u${i}` })).accessToken);
  if (process.env.TOKENS_FILE) writeFileSync(process.env.TOKENS_FILE, JSON.stringify(tokens), { mode: 0o600 });
  return Number(new URL(url).port);
}

async function socketIo(): Promise<number> {
  const server = createServer();
  const io = new Server(server, { transports: ["websocket"], serveClient: false, perMessageDeflate: false });
  const last = new Map<string, number>();
  io.on("connection", (one) => {
    one.on("call", (action: string, params: { room: string; text: string }, ack: (...args: unknown[]) => void) => {
      const { room, text } = params;
      if (action === "chat.join") {
        void one.join(room);
        return ack(null, { room, epoch: "e", seq: last.get(room) ?? 0, messages: [], recovered: false });
      }
      const seq = (last.get(room) ?? 0) + 1;
      last.set(room, seq);
      io.to(room).emit("message", {
        room,
        seq,
        epoch: "e",
        author: { id: one.id, name: one.id },
        text,
        at: Date.now(),
      });
      ack(null, { message: { room, seq } });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const KINDS: Readonly<Record<string, () => Promise<number>>> = { backend, "socket.io": socketIo };
const start = KINDS[process.argv[2] ?? ""];
if (!start) throw new Error(`Kinds: ${Object.keys(KINDS).join(", ")}.`);
process.once("SIGTERM", () => process.exit(0));
const port = await start();
answerQuestions();
process.stdout.write(`${port}\n`);
