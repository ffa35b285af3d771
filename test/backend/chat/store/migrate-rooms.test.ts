import { expect, test } from "@jest/globals";
import { sql } from "kysely";
import type { DatabaseOptions } from "../../../../backend/store/index.ts";
import { openStore } from "../../store/open-store.ts";
import { newSession } from "../../store/rows.ts";
import { testStorage } from "../../store/test-storage.ts";
import { oldDatabase } from "./old-database.ts";

/** A database as it was before rooms had members, with these rooms and messages in it. */
async function withoutMembers(options: DatabaseOptions, rooms: readonly string[]) {
  const db = await oldDatabase(options, "0004_read_marks");
  for (const id of ["ada", "bob", "eve"]) {
    await sql`insert into users (id, email, name, password_hash, role, created_at)
      values (${id}, ${`${id}@example.org`}, ${id}, 'x', 'user', 5)`.execute(db);
  }
  for (const room of rooms) {
    await sql`insert into rooms (name, epoch, seq, created_at) values (${room}, ${`epoch of ${room}`}, 3, 7)`.execute(
      db,
    );
    for (const [seq, author] of [
      [1, "ada"],
      [2, "bob"],
      [3, "ada"],
    ] as const) {
      await sql`insert into messages (room, seq, author_id, client_id, text, at)
        values (${room}, ${seq}, ${author}, ${`${room}-${seq}`}, ${`text ${seq}`}, ${seq * 10})`.execute(db);
    }
  }
  const first = rooms[0];
  if (first !== undefined) {
    await sql`insert into read_marks (room, user_id, epoch, seq)
      values (${first}, 'ada', ${`epoch of ${first}`}, 2)`.execute(db);
  }
  await db.destroy();
}

test("rooms and messages of an older database stay, public; who has spoken in one is in it; everybody is in the lobby", async () => {
  const storage = await testStorage();
  await withoutMembers(storage.options, ["garden", "été", "lobby"]);
  const store = await openStore(storage.options);
  for (const room of ["garden", "été", "lobby"]) {
    const standing = await store.rooms.findStanding(room, "bob");
    expect(standing).toMatchObject({
      room: { kind: "public", epoch: `epoch of ${room}`, seq: 3, members: room === "lobby" ? 3 : 2 },
      membership: { role: "member", state: "in", mutedUntil: null },
    });
    expect((await store.messages.after(room, 0, 10)).map(({ text }) => text)).toEqual(["text 1", "text 2", "text 3"]);
  }
  expect(await store.members.memberIds("été", 10)).toEqual(["ada", "bob"]);
  expect(await store.members.memberIds("lobby", 10)).toEqual(["ada", "bob", "eve"]);
  expect((await store.rooms.browse("é", undefined, 10)).map(({ room }) => room)).toEqual(["été"]);
  // no user finds all messages unread; a mark that existed stays
  const read = (await store.rooms.list("ada", 10)).map((room) => [room.key, room.seq - room.read]);
  expect(Object.fromEntries(read)).toEqual({ garden: 1, été: 0, lobby: 0 });
  await store.sessions.create(newSession("s-bob", "bob"));
  const draft = { room: "garden", authorId: "bob", sid: "s-bob", clientId: "new", text: "new", at: 50 };
  const { message } = await store.messages.append(draft, (standing) => expect(standing?.membership?.state).toBe("in"));
  expect(message).toMatchObject({ seq: 4, epoch: "epoch of garden" });
  await store.close();
  await storage.remove();
});

test("an older database without messages gets its lobby", async () => {
  const storage = await testStorage();
  await withoutMembers(storage.options, []);
  const store = await openStore(storage.options);
  expect(await store.rooms.findStanding("lobby", "eve")).toMatchObject({ room: { seq: 0, members: 3 } });
  await store.close();
  await storage.remove();
});
