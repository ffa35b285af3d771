import { expect, test } from "@jest/globals";
import { sql } from "kysely";
import type { Message } from "../../../../backend/chat/message.ts";
import { assertMember } from "../../../../backend/chat/room-access.ts";
import { indexTerms, parseQuery } from "../../../../backend/chat/search-words.ts";
import type { ChatTables } from "../../../../backend/chat/store/tables.ts";
import { storeForEach } from "../../store/each-test.ts";
import type { Store } from "../../store/open-store.ts";
import { addUsers } from "../../store/rows.ts";
import type { TestStorage } from "../../store/test-storage.ts";
import { openRoom, say as sayOne } from "./rows.ts";

const never = new AbortController().signal;
let storage: TestStorage;
let store: Store;
let said: Message[];

storeForEach(async (...opened) => {
  [store, storage] = opened;
  await addUsers(store, "ada");
  said = [];
});

async function say(...texts: readonly string[]): Promise<void> {
  const first = said.length;
  const sent = await Promise.all(texts.map((text, index) => sayOne(store, `c${first + index}`, { text })));
  said.push(...sent.map(({ message }) => message));
}

const fill = (pause: () => Promise<void> = () => Promise.resolve()) => store.search.fill({ signal: never, pause });

/** One page of a search, by the positions of its messages. */
async function page(text: string, before?: number, room = "lobby") {
  const query = parseQuery(text);
  if (!query) throw new Error("the query has words");
  const { messages, before: next } = await store.search.find({ room, userId: "ada", query, before }, assertMember);
  return { seqs: messages.map(({ seq }) => seq), next };
}

/** All pages of a search. */
async function find(text: string): Promise<number[]> {
  const seqs: number[] = [];
  for (let before: number | undefined; ; ) {
    const { seqs: more, next } = await page(text, before);
    expect(more.length).toBeLessThanOrEqual(50);
    seqs.push(...more);
    if (next === undefined) return seqs;
    before = next;
  }
}

/** What a search has to find: the newest first. */
const expected = (text: string): number[] =>
  said
    .filter((message) => parseQuery(text)?.matches(message.text))
    .map(({ seq }) => seq)
    .reverse();

const tables = () => store.db.withTables<ChatTables>();

/** How many messages are in the index, and how many of them have a term. */
async function indexed(term?: string): Promise<number> {
  const rows = tables()
    .selectFrom("message_search")
    .select(({ fn }) => fn.countAll<number>().as("count"));
  const isPostgres = storage.options.databaseUrl !== undefined;
  const one = isPostgres
    ? sql<boolean>`terms @@ ${`'${term}'`}::tsquery`
    : sql<boolean>`message_search match ${`"${term}"`}`;
  const [row] = await (term === undefined ? rows : rows.where(one)).execute();
  return row?.count ?? Number.NaN;
}

test("a search finds all messages with its words, the newest first, while the index is filled and before and after", async () => {
  const texts = Array.from(
    { length: 1_234 },
    (_, n) => `message ${n} ${n % 7 === 0 ? "about boats" : ""} ${n % 11 === 0 ? "at sea" : ""}`,
  );
  await say(...texts);
  const queries = ["boat", "sea boat", "message", "1233", "77", "nothing"];
  const all = async () => {
    for (const query of queries) expect(await find(query)).toEqual(expected(query));
  };
  await all();
  let slices = 0;
  await fill(async () => {
    if (++slices % 5 === 0) await all();
  });
  expect(slices).toBeGreaterThan(10);
  expect(await indexed()).toBe(1_234);
  await all();
  await say("one boat more");
  await all();
  expect(await indexed()).toBe(1_234);
});

test("one search reads and compares no more than a part of a large room, and the next one goes on there", async () => {
  await say(...Array.from({ length: 120 }, (_, n) => `${"word ".repeat(799)}${n}`));
  const first = await page("nothing");
  expect(first.seqs).toEqual([]);
  expect(first.next).toBeGreaterThan(60);
  expect(await find("nothing")).toEqual([]);
  expect(await find("word")).toEqual(expected("word"));
  expect((await page("word")).seqs.length).toBeLessThan(50);
});

test("one search reads a limited number of messages, however short they are", async () => {
  await say(...Array.from({ length: 1_500 }, () => "abc"));
  await fill();
  const first = await page("abcq");
  expect(first.seqs).toEqual([]);
  expect(first.next).toBeGreaterThan(800);
  expect(await find("abcq")).toEqual([]);
});

test("an edited message is found by its new text alone, a deleted one not at all: the index too forgets it at once", async () => {
  await say("the zebras", "the giraffe", "!!!", ...Array.from({ length: 600 }, (_, n) => `filler ${n}`));
  await fill();
  const change = async (seq: number, text: string) => {
    await store.messages.change("lobby", seq, { id: "ada", sid: "s-ada" }, () =>
      text === "" ? { deletedAt: 2 } : { text, mentions: [], editedAt: 2 },
    );
  };
  expect([await find("zebra"), await find("giraffe"), await indexed("zebras")]).toEqual([[1], [2], 1]);
  await change(1, "the okapi");
  await change(2, "");
  await change(3, "the zebu");
  expect([await find("zebra"), await find("giraffe"), await find("okapi"), await find("zebu")]).toEqual([
    [],
    [],
    [1],
    [3],
  ]);
  expect([await indexed("zebras"), await indexed("giraff"), await indexed("oka")]).toEqual([0, 0, 1]);
  await say("outside of the index");
  await change(604, "edited outside");
  expect([await find("outside"), await find("index"), await indexed("outsid")]).toEqual([[604], [], 0]);
});

test("messages that are removed for their number, or with their room, leave the index", async () => {
  await say(...Array.from({ length: 700 }, (_, n) => `message ${n}`));
  await fill();
  expect(await indexed()).toBe(700);
  await store.messages.prune({ maxAge: undefined, perRoom: 20 }, 2, never);
  expect(await indexed()).toBe(20);
  expect(await find("message")).toEqual(expected("message").slice(0, 20));
  await tables().deleteFrom("rooms").where("name", "=", "lobby").execute();
  expect(await indexed()).toBe(0);
  expect(await tables().selectFrom("search_positions").selectAll().execute()).toEqual([]);
});

test("messages of other rooms are not found, whatever their numbers are", async () => {
  for (const room of ["garden", "cellar"]) {
    await openRoom(store, room);
    const sayThere = (_: unknown, n: number) => sayOne(store, `${room}${n}`, { room, text: `${room} flower` });
    await Promise.all(Array.from({ length: 510 }, sayThere));
  }
  await fill();
  expect((await page("flower", undefined, "garden")).seqs[0]).toBe(510);
  expect((await page("cellar", undefined, "garden")).seqs).toEqual([]);
  expect((await page("flower")).seqs).toEqual([]);
});

const PIECES = [
  ...["boat", "boats", "a", "5", "Straße", "ΟΔΟΣ", "隧道", "道", "สวัสดี", "नमस्ते", "터널", "𐐔𐐯", "ﷺ", "ﬁn", "½"],
  ...[
    "AND",
    "OR",
    "NOT",
    "NEAR(",
    "terms:",
    "*",
    '"',
    "'",
    "^",
    "-",
    "+",
    "(",
    ")",
    "{",
    "}",
    "&",
    "|",
    "!",
    "<->",
    ":*",
  ],
  ...["\\", "%", "_", "#1", "''", '""', "--", ";", "\n", "\t", "\u202e", "\u200d", "\u0301", "🙂", " ", " ", " "],
];

test("no query is an operator of the database's or an error", async () => {
  let seed = 13;
  const next = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const some = (most: number) => Array.from({ length: 1 + next(most) }, () => PIECES[next(PIECES.length)]).join("");
  await say(...Array.from({ length: 600 }, () => some(10)));
  await fill();
  await say(...Array.from({ length: 60 }, () => some(10)));
  let found = 0;
  for (let round = 0; round < 150; round += 1) {
    const query = some(4);
    if (!parseQuery(query)) continue;
    const seqs = await find(query);
    expect(seqs).toEqual(expected(query));
    found += seqs.length;
  }
  expect(found).toBeGreaterThan(150);
  expect(await indexed()).toBe(said.slice(0, 600).filter(({ text }) => indexTerms(text).length > 0).length);
});
