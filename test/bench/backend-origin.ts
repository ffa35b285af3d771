// The whole backend with its limits, in a process of its own: `node backend-origin.ts backend GIVEN`, where GIVEN is a
// `Given` as JSON. `socket.io` instead: Socket.IO alone, which sends what it is sent to the room and keeps nothing.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { Server } from "socket.io";
import type { Config } from "../../backend/config.ts";
import type { UsersStore } from "../../backend/users/index.ts";
import { TEST_ASSETS } from "../backend/test-options.ts";
import { answerQuestions } from "./answer-questions.ts";
import { BACKLOG, type Ready } from "./contenders.ts";

/** What the process is told. */
export interface Given {
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Users to create and to sign in; 0 where the database has them. */
  readonly users: number;
  /** Variables of the backend: DATA_DIR, DATABASE_URL. */
  readonly env: Readonly<Record<string, string>>;
  /** Folder of the checkout whose backend runs; this one when left out. */
  readonly checkout?: string;
}

const given: Given = JSON.parse(process.argv[3] ?? "{}");

async function backend(): Promise<Ready> {
  const root = given.checkout ?? resolve(import.meta.dirname, "../..");
  const load = async (file: string) => import(resolve(root, "backend", file));
  const { readConfig }: typeof import("../../backend/config.ts") = await load("config.ts");
  const { call }: typeof import("../../backend/contract/index.ts") = await load("contract/index.ts");
  const { hashPassword }: typeof import("../../backend/users/password.ts") = await load("users/password.ts");
  const { BufferedOutput }: typeof import("../../backend/log-output.ts") = await load("log-output.ts");
  const { startBackend }: typeof import("../../backend/main.ts") = await load("main.ts");
  const config = readConfig({ ...given.env, PORT: String(given.port), LOG_LEVEL: "warn" });
  const ids = Array.from({ length: given.users }, (_, i) => `u${i}`);
  if (ids.length > 0) {
    const { users, close } = await openUsers(load, config);
    const passwordHash = await hashPassword("correct horse");
    for (const [i, id] of ids.entries()) {
      const user = { id, email: `${id}@example.org`, name: `User ${i}`, passwordHash, role: "user" } as const;
      await users.create({ ...user, createdAt: Date.now(), disabledAt: null });
    }
    await close();
  }
  const { url, broker } = await startBackend(config, { log: new BufferedOutput("/dev/null"), assets: TEST_ASSETS });
  const tokens: string[] = [];
  for (const userId of ids) tokens.push((await call(broker, "auth.startSession", { userId })).accessToken);
  return { port: Number(new URL(url).port), tokens };
}

/** Opens what a checkout stores of users. */
async function openUsers(load: (file: string) => Promise<unknown>, config: Config) {
  const store = (await load("store/index.ts")) as typeof import("../../backend/store/index.ts") & OldStore;
  // a checkout from before features
  if (store.openStore) return store.openStore(config);
  const { loadFeatures } = (await load("modules.ts")) as typeof import("../../backend/modules.ts");
  const { usersStore } = (await load("users/index.ts")) as typeof import("../../backend/users/index.ts");
  const database = await store.openDatabase(config, await loadFeatures());
  return { ...database.open(usersStore), close: database.close };
}

interface OldStore {
  readonly openStore?: (config: Config) => Promise<Pick<UsersStore, "users"> & { close(): Promise<void> }>;
}

async function socketIo(): Promise<Ready> {
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
  await new Promise<void>((listening) =>
    server.listen({ port: given.port, host: "127.0.0.1", backlog: BACKLOG }, listening),
  );
  return { port: (server.address() as AddressInfo).port };
}

const KINDS: Readonly<Record<string, () => Promise<Ready>>> = { backend, "socket.io": socketIo };
const start = KINDS[process.argv[2] ?? ""];
if (!start) throw new Error(`Kinds: ${Object.keys(KINDS).join(", ")}.`);
process.once("SIGTERM", () => process.exit(0));
process.once("disconnect", () => process.exit(0));
const ready = await start();
answerQuestions();
process.send?.(ready);
