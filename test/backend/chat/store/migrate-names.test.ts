import { expect, test } from "@jest/globals";
import { sql } from "kysely";
import { openStore } from "../../store/open-store.ts";
import { newUser } from "../../store/rows.ts";
import { testStorage } from "../../store/test-storage.ts";
import { oldDatabase } from "./old-database.ts";

test("S11: users and rooms of an older database keep names that look alike, and no new one gets such a name", async () => {
  const storage = await testStorage();
  const db = await oldDatabase(storage.options, "0006_locks");
  const names = ["Ada", "ADA", "Ada", "admin", "Somebody who left"];
  for (const [at, name] of names.entries()) {
    const email = name.startsWith("Somebody") ? `${at}@removed.invalid` : `u${at}@example.org`;
    await sql`insert into users (id, email, name, password_hash, role, created_at)
      values (${`u${at}`}, ${email}, ${name}, 'x', 'user', ${at})`.execute(db);
  }
  for (const room of ["scope", "\u0455\u0441\u043e\u0440\u0435"])
    await sql`insert into rooms (name, epoch, seq, created_at, kind) values (${room}, 'e', 0, 1, 'public')`.execute(db);
  await db.destroy();

  const store = await openStore(storage.options);
  expect((await store.users.list(10)).map(({ name }) => name)).toEqual(names);
  expect(await store.users.create(newUser("new", { name: "ada" }))).toBe("name-taken");
  expect(await store.users.create(newUser("new", { name: "Somebody who left" }))).toBe("created");
  expect(await store.users.setName("u1", "Bob")).toBe("set");
  expect(await store.users.setName("u0", "Ada")).toBe("set");
  expect((await store.rooms.findStanding("\u0455\u0441\u043e\u0440\u0435", "u0"))?.room.kind).toBe("public");
  const room = { kind: "public", title: null, openedBy: "u0", at: 1 } as const;
  expect(await store.rooms.open({ ...room, key: "scop\u0435" }, [])).toBe("looks-alike");
  expect(await store.rooms.open({ ...room, key: "l\u043ebby" }, [])).toBe("looks-alike");
  await store.close();
  await storage.remove();
});
