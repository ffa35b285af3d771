import { type Kysely, sql } from "kysely";

/**
 * Creates the function of PostgreSQL that stores a group of messages (migration 0010).
 *
 * Each statement of the function has a snapshot of its own (READ COMMITTED, volatile): the first one locks the rooms,
 * the second one reads what was committed before it got the locks. In a single statement both would read from before
 * the wait, and a message of a member who was expelled meanwhile would be stored.
 *
 * No two groups wait for each other: rooms are locked first and in the order of their names, then the entries of the
 * index of client ids are written in the order of the index.
 *
 * The conditions are those of `mayWrite` and of the quota. A message that fails them comes back with the row that
 * `authorOf` reads (an empty one where there is no such room or user), one that is stored with its number, and one that
 * the author has sent before with neither.
 *
 * The plan is made once for each connection, whatever the sizes of the tables are at that moment: only by indexes,
 * only with nested loops.
 */
export async function createAppendFunction(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function append_messages(
      given_rooms text[], given_authors text[], given_client_ids text[], given_texts text[], given_mentions text[],
      given_times bigint[], given_quotas bigint[], given_bytes bigint[]
    ) returns table (place bigint, seq bigint, epoch text, author text, refused json)
    language plpgsql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_bitmapscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
    as $function$
    #variable_conflict use_column
    begin
      perform from rooms where name = any (given_rooms) order by name for no key update;
      return query
        with given as (
          select * from unnest(given_rooms, given_authors, given_client_ids, given_texts, given_mentions, given_times,
            given_quotas, given_bytes) with ordinality
            as given (room, author_id, client_id, text, mentions, at, quota, bytes, place)
        ), judged as (
          select given.*, rooms.name, rooms.kind, rooms.title, rooms.epoch, rooms.seq as last, rooms.revision,
            rooms.members, members.user_id, members.role, members.state, members.since, members.muted_until,
            users.name as author, users.stored_bytes,
            rooms.name is not null and users.id is not null
              and (given.room = 'lobby' or coalesce(members.state = 'in', false))
              and coalesce(members.muted_until, 0) <= given.at
              and not (rooms.kind = 'direct' and rooms.members < 2)
              and users.stored_bytes + given.bytes <= given.quota as is_allowed,
            exists (select from messages where messages.author_id = given.author_id
              and messages.client_id = given.client_id) as is_repeated
          from given
          left join rooms on rooms.name = given.room and rooms.closed_at is null
          left join users on users.id = given.author_id
          left join members on members.room = given.room and members.user_id = given.author_id
        ), numbered as (
          select judged.*, case when is_allowed and not is_repeated then
            last + row_number() over (partition by room, is_allowed and not is_repeated order by place) end as number
          from judged
        ), stored as (
          insert into messages (room, seq, author_id, client_id, text, mentions, at)
          select room, number, author_id, client_id, text, mentions, at from numbered where number is not null
          order by author_id, client_id
        ), counted as (
          update rooms set seq = newest.seq
          from (select room, max(number) as seq from numbered where number is not null group by room) as newest
          where rooms.name = newest.room
        )
        select place, number, epoch, author, case
          when is_allowed then null
          when name is null or author is null then '{}'::json
          else json_build_object('name', name, 'kind', kind, 'title', title, 'epoch', epoch, 'seq', last,
            'revision', revision, 'members', members, 'user_id', user_id, 'role', role, 'state', state, 'since', since,
            'muted_until', muted_until, 'userName', author, 'storedBytes', stored_bytes)
          end
        from numbered;
    end
    $function$`.execute(db);
}
