import pg from "pg";
import type { Message, RoomState } from "../../../../backend/chat/shapes.ts";
import { BACKOFF, isTemporary, waitFor } from "../../../../backend/client/requests.ts";
import type { LightClient } from "../site/light-client.ts";
import type { Crowd } from "./crowd.ts";
import { type Ledger, originalOf, partsOf } from "./ledger.ts";

/** A stored message. */
interface Row {
  readonly room: string;
  readonly seq: number;
  readonly text: string;
}

/** How much was read after the run. */
export interface Audit {
  readonly stored: number;
  readonly readOverApi: number;
}

/** Compares what was acknowledged and heard with the database and with the history that the API returns. */
export async function audit(databaseUrl: string, crowd: Crowd, ledger: Ledger): Promise<Audit> {
  const stored = await readDatabase(databaseUrl, ledger);
  let readOverApi = 0;
  const rooms = new Map(crowd.members.map(({ client }) => [client.room, client]));
  const waiting = [...rooms];
  const work = async () => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [room, client] = next;
      const history = await readHistory(client, room);
      readOverApi += history.length;
      compare(ledger, room, history, stored.get(room) ?? []);
    }
  };
  await Promise.all([work(), work(), work(), work()]);
  for (const [room, rows] of stored) checkRoom(ledger, room, rows);
  checkAcknowledged(ledger, stored);
  checkHeard(ledger, crowd, stored);
  return { stored: [...stored.values()].reduce((sum, { length }) => sum + length, 0), readOverApi };
}

/** All messages by room, in the order of their numbers. */
async function readDatabase(databaseUrl: string, ledger: Ledger): Promise<ReadonlyMap<string, readonly Row[]>> {
  const database = new pg.Client({ connectionString: databaseUrl });
  await database.connect();
  try {
    const { rows: positions } = await database.query<{ name: string; seq: string }>(
      "select name, seq from rooms where seq > 0",
    );
    const stored = new Map<string, Row[]>();
    for (const { name, seq } of positions) {
      const { rows } = await database.query<{ seq: string; text: string }>(
        "select seq, text from messages where room = $1 order by seq",
        [name],
      );
      stored.set(
        name,
        rows.map((row) => ({ room: name, seq: Number(row.seq), text: row.text })),
      );
      if (rows.length !== Number(seq)) ledger.wrong("gap", `${name} has ${rows.length} messages and stands at ${seq}`);
    }
    return stored;
  } finally {
    await database.end();
  }
}

/** The whole history of a room, oldest first, page by page. */
async function readHistory(client: LightClient, room: string): Promise<readonly Message[]> {
  let messages: readonly Message[] = [];
  for (let tries = 0; ; ) {
    try {
      const cursor = messages[0]?.seq;
      const page = (await client.call("chat.history", { room, ...(cursor !== undefined && { cursor }) })) as RoomState;
      if (page.messages.length === 0) return messages;
      messages = [...page.messages, ...messages];
      tries = 0;
      if (messages[0]?.seq === 1) return messages;
    } catch (error) {
      if (!isTemporary(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, waitFor(error, tries++, BACKOFF)));
    }
  }
}

function compare(ledger: Ledger, room: string, history: readonly Message[], rows: readonly Row[]): void {
  if (history.length !== rows.length)
    ledger.wrong("history", `${room}: the API returns ${history.length} messages, the database has ${rows.length}`);
  for (const [n, { seq, text }] of history.entries())
    if (rows[n]?.seq !== seq || rows[n].text !== text)
      ledger.wrong("history", `${room}: the API returns ${seq} ${text}, the database ${rows[n]?.seq} ${rows[n]?.text}`);
}

/** Numbers without gaps; each message once; messages of a sequential author in the order in which they were sent. */
function checkRoom(ledger: Ledger, room: string, rows: readonly Row[]): void {
  const ids = new Set<string>();
  const last = new Map<string, number>();
  for (const [n, { seq, text }] of rows.entries()) {
    const id = originalOf(text);
    if (seq !== n + 1) ledger.wrong("gap", `${room}: message ${n + 1} has the number ${seq}`);
    if (ids.has(id)) ledger.wrong("doubled", `${room}: ${id} is stored twice`);
    ids.add(id);
    const { author, number } = partsOf(id);
    if (ledger.sent.get(author)?.isSequential) {
      if (number < (last.get(author) ?? -1)) ledger.wrong("reordered", `${room}: ${id} is after ${last.get(author)}`);
      last.set(author, number);
    }
    const heard = ledger.rooms.get(room)?.[seq];
    if (heard !== undefined && heard !== id) ledger.wrong("reordered", `${room} ${seq} is ${id}, clients got ${heard}`);
  }
}

function checkAcknowledged(ledger: Ledger, stored: ReadonlyMap<string, readonly Row[]>): void {
  const rooms = new Map<string, Row>();
  for (const rows of stored.values()) for (const row of rows) rooms.set(originalOf(row.text), row);
  for (const [author, { seq, edits }] of ledger.sent) {
    for (const [n, number] of seq.entries()) {
      if (number === undefined) continue;
      const row = rooms.get(`${author}-${n}`);
      if (!row) ledger.wrong("lost", `${author}-${n} was acknowledged as ${number} and is not stored`);
      else if (row.seq !== number)
        ledger.wrong("reordered", `${author}-${n} was acknowledged as ${number} and is ${row.seq}`);
    }
    for (const [n, { text, acknowledgedAt, period }] of edits) {
      const row = rooms.get(`${author}-${n}`);
      if (acknowledgedAt !== undefined && row?.text !== text)
        ledger.wrong("lost", `the edit of ${author}-${n} (${period}): it is ${row?.text}`);
    }
  }
}

/** Each client has every message and edit up to the room's last one; the page's client shows each. */
function checkHeard(ledger: Ledger, crowd: Crowd, stored: ReadonlyMap<string, readonly Row[]>): void {
  for (const { name, client, attendance, edits, seqBeforeJoin } of crowd.members) {
    const rows = stored.get(client.room) ?? [];
    if (client.cursor !== rows.length)
      ledger.wrong("not heard", `${name} has ${client.cursor} of ${rows.length} of ${client.room}`);
    for (const { seq, text } of rows.slice(seqBeforeJoin)) {
      const { acknowledgedAt, period } = ledger.editOf(text) ?? {};
      if (acknowledgedAt === undefined || edits.get(seq) === text || attendance.mayLack(seq, acknowledgedAt)) continue;
      ledger.wrong("edit not heard", `${name} has not got the edit of ${client.room} ${seq} (${period})`);
    }
  }
  for (const page of crowd.pages) {
    const rows = stored.get(page.room) ?? [];
    if (page.cursor !== rows.length)
      ledger.wrong("not heard", `the page of ${page.name} has ${page.cursor} of ${rows.length} of ${page.room}`);
    const shown = page.shown();
    for (const [seq, text] of shown)
      if (rows[seq - 1]?.text !== text && ledger.editOf(rows[seq - 1]?.text ?? "")?.acknowledgedAt !== undefined)
        ledger.wrong("shown", `the page of ${page.name} shows ${seq} as ${text}, stored is ${rows[seq - 1]?.text}`);
    for (const id of page.unseen) ledger.wrong("lost", `${id} is acknowledged and not shown to its author`);
  }
}
