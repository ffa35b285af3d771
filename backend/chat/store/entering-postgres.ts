import { CompiledQuery, type Kysely } from "kysely";
import { named, storeInGroups } from "../../store/index.ts";
import { type Enter, type Entered, type Entry, type EntryOutcome, newRoomKeys } from "./entering.ts";
import { type StandingRow, toStanding } from "./standing.ts";
import type { ChatTables } from "./tables.ts";

/** Entries of a group: what comes after them does not wait long. */
const MAX_ENTRIES_OF_GROUP = 100;
/** An entry that waits for its group. */
interface WaitingEntry {
  readonly entry: Entry;
  readonly resolve: (entered: Entered) => void;
  readonly reject: (reason: unknown) => void;
}

/** What the function returns for each entry; of one that was refused the room is null. */
type EntryRow = { readonly place: number; readonly outcome: EntryOutcome } & (StandingRow | { readonly name: null });

/**
 * Lets users into rooms of PostgreSQL, a group of them with one statement, which is its own transaction (the
 * migration `chat_0007_enter_rooms` has the function): a statement and a commit for each cost node and database several
 * times as much.
 */
export function enteringPostgres(db: Kysely<ChatTables>): Enter {
  const addToGroup = storeInGroups<WaitingEntry, EntryRow>({
    query: async (group) => (await db.executeQuery<EntryRow>({ ...ENTER, parameters: columns(group) })).rows,
    settle: ({ resolve }, row) =>
      resolve({ outcome: row.outcome, standing: row.name === null ? undefined : toStanding(row) }),
    fail: ({ reject }, error) => reject(error),
    failure: "a user did not enter a room",
    orderKey: ({ entry }) => entry.room,
    uniqueKey: ({ entry }) => `${entry.userId} ${entry.room}`,
    bytes: () => 1,
    maxItems: MAX_ENTRIES_OF_GROUP,
    maxBytes: MAX_ENTRIES_OF_GROUP,
  });

  return (entry) =>
    new Promise((resolve, reject) => {
      addToGroup({ entry, resolve, reject });
    });
}

const ENTER = named<EntryRow>(
  CompiledQuery.raw("select * from enter_rooms($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"),
);

/** The group as the function takes it. */
function columns(group: readonly WaitingEntry[]): unknown[] {
  const entries = group.map(({ entry }) => entry);
  const openings = entries.map(({ room, opening }) => opening && { ...opening, ...newRoomKeys(room) });
  return [
    entries.map(({ room }) => room),
    entries.map(({ userId }) => userId),
    entries.map(({ fromStates }) => fromStates.join()),
    entries.map(({ at }) => at),
    entries.map(({ maxMembers }) => maxMembers),
    entries.map(({ maxRooms }) => maxRooms ?? null),
    openings.map((opening) => opening?.epoch ?? null),
    openings.map((opening) => opening?.browseKey ?? null),
    openings.map((opening) => opening?.nameKey ?? null),
    openings.map((opening) => opening?.maxOpened ?? null),
    openings.map((opening) => opening?.openedSince ?? null),
    openings.map((opening) => opening?.maxOwned ?? null),
  ];
}
