import { type Kysely, sql } from "kysely";

/**
 * Creates the function of PostgreSQL that stores a group of messages (migrations `chat_0006_append`,
 * `chat_0009_append_disabled`, `chat_0010_append_sessions` and `chat_0011_append_repeated`).
 *
 * Each statement of the function has a snapshot of its own (READ COMMITTED, volatile): the first one locks the rooms,
 * the second one reads what was committed before it got the locks. In a single statement both would read from before
 * the wait, and a message of a member who was expelled meanwhile would be stored.
 *
 * No two groups wait for each other: rooms are locked first and in the order of their names, then the entries of the
 * index of client ids are written in the order of the index.
 *
 * The second statement locks the sessions of the authors too, so that a message is committed before its session ends,
 * or refused (`findAuthor` says more). The end of a session waits for a commit then, and never for a room.
 *
 * The conditions are those of `assertMayWrite` and of the quota. The function returns a row for each message. For a
 * refused one, `refused` is the row that `toAuthor` reads, an empty one where there is no such room, or session or
 * account have ended. For a stored one, `seq` is its number. For one that the author has sent before, both are null,
 * also where no new one may be sent. A room whose messages were all refused is not written.
 *
 * PostgreSQL plans the function once for each connection, perhaps while the tables are empty; the plan has to be right
 * for large tables too. So `offset 0` makes each look-up a query of its own, by its key, and the settings allow nothing
 * but an index. With joins, plans for empty tables read whole tables for each message.
 */
export async function createAppendFunction(db: Kysely<unknown>): Promise<void> {
  // that of older versions, which gets no sessions
  await sql`drop function if exists append_messages(
    text[], text[], text[], text[], text[], bigint[], bigint[], bigint[])`.execute(db);
  await sql`
    create or replace function append_messages(
      given_rooms text[], given_authors text[], given_sids text[], given_client_ids text[], given_texts text[],
      given_mentions text[], given_times bigint[], given_quotas bigint[], given_bytes bigint[]
    ) returns table (place bigint, seq bigint, epoch text, author text, refused json)
    language plpgsql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_bitmapscan = off
    as $function$
    #variable_conflict use_column
    begin
      perform from rooms where name = any (given_rooms) order by name for no key update;
      return query
        with given as (
          select * from unnest(given_rooms, given_authors, given_sids, given_client_ids, given_texts, given_mentions,
            given_times, given_quotas, given_bytes) with ordinality
            as given (room, author_id, sid, client_id, text, mentions, at, quota, bytes, place)
        ), judged as (
          select given.*, rooms.name, rooms.kind, rooms.title, rooms.epoch, rooms.seq as last, rooms.revision,
            rooms.members, members.user_id, members.role, members.state, members.since, members.muted_until,
            users.name as author, users.stored_bytes,
            rooms.name is not null and users.id is not null
              and (given.room = 'lobby' or coalesce(members.state = 'in', false))
              and coalesce(members.muted_until, 0) <= given.at
              and not (rooms.kind = 'direct' and rooms.members < 2)
              and users.stored_bytes + given.bytes <= given.quota as is_allowed,
            (select seq from messages where messages.author_id = given.author_id
              and messages.client_id = given.client_id) is not null as is_repeated
          from given
          left join lateral (
            select * from rooms where name = given.room and closed_at is null offset 0
          ) as rooms on true
          left join lateral (
            select user_id from sessions where id = given.sid and user_id = given.author_id and ended_at is null
            offset 0 for share
          ) as sessions on true
          left join lateral (
            select * from users where id = sessions.user_id and disabled_at is null offset 0
          ) as users on true
          left join lateral (
            select * from members where members.room = given.room and user_id = given.author_id offset 0
          ) as members on true
        ), numbered as (
          select judged.*, case when is_allowed and not is_repeated then
            last + row_number() over (partition by room, is_allowed and not is_repeated order by place) end as number
          from judged
        ), stored as (
          insert into messages (room, seq, author_id, client_id, text, mentions, at)
          select room, number, author_id, client_id, text, mentions, at from numbered where number is not null
          order by author_id, client_id
        ), counted as (
          update rooms set seq = (select max(number) from numbered where numbered.room = rooms.name)
          where name = any (array(select room from numbered where number is not null))
        )
        select place, number, epoch, author, case
          when is_allowed or (is_repeated and author is not null) then null
          when name is null or author is null then '{}'::json
          else json_build_object('name', name, 'kind', kind, 'title', title, 'epoch', epoch, 'seq', last,
            'revision', revision, 'members', members, 'user_id', user_id, 'role', role, 'state', state, 'since', since,
            'muted_until', muted_until, 'userName', author, 'storedBytes', stored_bytes)
          end
        from numbered;
    end
    $function$`.execute(db);
}
