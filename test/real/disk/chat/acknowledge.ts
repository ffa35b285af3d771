// A backend's store, as busy as can be, in a process of its own: `node acknowledge.ts FOLDER`. Appends one line to
// FOLDER/acknowledged for each write that was acknowledged, and ends without closing anything.
import { openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../../backend/store/open-store.ts";
import { addUsers } from "../../../backend/store/rows.ts";

/** Milliseconds: long enough for checkpoints, after which the log begins anew. */
const DURATION = 3_500;
const SENDERS = 60;

const [folder = ""] = process.argv.slice(2);
const store = await openStore({ dataDir: folder, isBackend: true });
const acknowledged = openSync(join(folder, "acknowledged"), "a");
const acknowledge = (...words: readonly (string | number)[]) => writeSync(acknowledged, `${words.join(" ")}\n`);

const rest = { passwordHash: "old", role: "user", createdAt: 1, disabledAt: null } as const;
for (const id of ["ada", "bob"]) {
  await addUsers(store, id);
  acknowledge("user", id);
}
for (const key of ["garden", "shed"]) {
  await store.rooms.open({ key, kind: "public", title: null, openedBy: "ada", at: 1 }, [
    { id: "ada", role: "owner", peerId: null },
    { id: "bob", role: "member", peerId: null },
  ]);
}

let sent = 0;
const end = performance.now() + DURATION;
async function send(): Promise<void> {
  while (performance.now() < end) {
    const n = ++sent;
    const room = n % 3 === 0 ? "shed" : "garden";
    const text = "x".repeat((n * 37) % 2000);
    const authorId = n % 2 === 0 ? "ada" : "bob";
    const draft = { room, authorId, sid: `s-${authorId}`, clientId: `m${n}`, text, at: n };
    const { message } = await store.messages.append(draft, () => undefined);
    acknowledge("message", room, message.seq, draft.clientId);
  }
}

/** What an operator and users do meanwhile. */
async function administer(): Promise<void> {
  for (let n = 0; performance.now() < end; n += 1) {
    const id = `user${n}`;
    await store.users.create({ id, name: id, email: `${id}@example.org`, ...rest });
    acknowledge("user", id);
    await store.users.replacePasswordHash(id, "old", `new${n}`);
    acknowledge("password", id, `new${n}`);
    await store.users.changeRole(id, "admin", 5);
    acknowledge("role", id, "admin");
    await store.members.setMuted("garden", "bob", n);
    acknowledge("muted", n);
  }
}

await Promise.all([administer(), ...Array.from({ length: SENDERS }, send)]);
process.kill(process.pid, "SIGKILL");
