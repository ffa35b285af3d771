import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { chatExport } from "../../../backend/chat/chat-export.ts";
import { openStore, type Store } from "../store/open-store.ts";
import { type TestStorage, testStorage } from "../store/test-storage.ts";

let storage: TestStorage;
let store: Store;
beforeEach(async () => {
  storage = await testStorage();
  store = await openStore(storage.options);
  for (const id of ["ada", "ben"]) {
    const of = { id, email: `${id}@example.org`, name: id, passwordHash: "h", role: "user" as const };
    await store.users.create({ ...of, createdAt: 1, disabledAt: null });
  }
});
afterEach(async () => {
  await store.close();
  await storage.remove();
});

const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const picture = { type: "image/png", bytes: every } as const;

test("the bytes of a picture come back as they were stored", async () => {
  expect(await store.pictures.set("ada", "first", picture, 1)).toBe(true);
  expect(await store.pictures.find("ada", "first", false)).toEqual(picture);
  const other = { type: "image/webp", bytes: Buffer.alloc(262_144, 9) } as const;
  await store.pictures.set("ada", "second", other, 2);
  expect(await store.pictures.find("ada", "first", false)).toBeUndefined();
  expect(await store.pictures.find("ada", "second", false)).toEqual(other);
  expect(await store.pictures.find("ben", "second", false)).toBeUndefined();
  expect((await store.pictures.of(["ada", "ben", "none"])).toSorted((a, b) => (a.id < b.id ? -1 : 1))).toEqual([
    { id: "ada", picture: "second" },
    { id: "ben", picture: null },
  ]);
  expect(await store.pictures.of([])).toEqual([]);
  await store.pictures.remove("ada");
  expect(await store.pictures.ofUser("ada")).toBeUndefined();
});

test("a disabled account sets no picture, and shows its own to nobody but those who moderate", async () => {
  await store.pictures.set("ada", "first", picture, 1);
  await store.users.disable("ada", 5);
  expect(await store.pictures.set("ada", "second", picture, 6)).toBe(false);
  expect(await store.pictures.set("none", "second", picture, 6)).toBe(false);
  expect(await store.pictures.find("ada", "first", false)).toBeUndefined();
  expect(await store.pictures.find("ada", "first", true)).toEqual(picture);
  expect(await store.pictures.of(["ada"])).toEqual([]);
});

test("pages of the chat's part of an export hold each message and report once", async () => {
  for (let n = 0; n < 90; n++) {
    const authorId = n % 2 === 0 ? "ada" : "ben";
    const draft = { room: "lobby", authorId, clientId: `c${n}`, text: `t${n}`, at: n };
    await store.messages.append(draft, () => undefined);
    if (n % 2 === 0) continue;
    await store.reports.add({
      room: "lobby",
      seq: n,
      authorId: "ben",
      text: "x",
      reason: `r${n}`,
      at: n,
      reporterId: "ada",
    });
  }
  const { exportPart } = chatExport(store);
  const lines: Record<string, unknown>[] = [];
  let after: string | null = null;
  let pages = 0;
  do {
    const params = { userId: "ada", ...(after === null ? {} : { after }) };
    const page: { lines: readonly object[]; after: string | null } = await exportPart({ params } as never);
    lines.push(...(page.lines as Record<string, unknown>[]));
    after = page.after;
    pages += 1;
  } while (after !== null);
  const of = (type: string, name: string) => lines.filter((line) => line.type === type).map((line) => line[name]);
  expect(new Set(of("message", "text"))).toEqual(new Set(Array.from({ length: 45 }, (_, n) => `t${2 * n}`)));
  expect(new Set(of("report", "reason"))).toEqual(new Set(Array.from({ length: 45 }, (_, n) => `r${2 * n + 1}`)));
  expect([lines.length, pages]).toEqual([90, 4]);
});
