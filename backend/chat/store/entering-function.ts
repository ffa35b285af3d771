import { type Kysely, sql } from "kysely";

/**
 * The function of PostgreSQL that lets a group of users into rooms (migration `chat_0007_enter_rooms`), and
 * opens rooms that are not there. A group is one statement, which is its own transaction. The conditions are those of
 * `entering-sqlite.ts`.
 *
 * Each statement of the function has a snapshot of its own (READ COMMITTED, volatile), so that it reads what was
 * committed before it got its locks. The locks and their order are those of `users/locks.ts`: the users by id, then the
 * rooms by name, new rooms among them. The entries of the index of look-alike names come last, in the order of the
 * index: two groups that open rooms at the same time do not wait for each other in a circle. A room whose name looks
 * like another one's is removed again, with its members.
 *
 * A room is counted up once for all who enter it, and only when their memberships have begun: nothing has to be undone.
 * A room without messages needs no read mark.
 *
 * The settings leave the plans, which are made once for each connection, nothing but indexes (`append_messages`).
 */
const enterRooms = sql`
  create function enter_rooms(
    given_rooms text[], given_users text[], given_states text[], given_times bigint[], given_limits bigint[],
    given_mosts bigint[], given_epochs text[], given_browse_keys text[], given_name_keys text[],
    given_opened bigint[], given_since bigint[], given_owned bigint[]
  ) returns table (
    place bigint, outcome text, name text, kind text, title text, epoch text, seq bigint, revision bigint,
    members bigint, user_id text, role text, state text, since bigint, muted_until bigint
  )
  language plpgsql
  set plan_cache_mode = force_generic_plan
  set enable_seqscan = off
  set enable_bitmapscan = off
  as $function$
  #variable_conflict use_column
  declare
    own record;
    known record;
    known_room text;
    is_there boolean;
    new_members bigint := 0;
    enabled_users text[];
    outcomes text[] := '{}';
    opened_places bigint[] := '{}';
  begin
    enabled_users := array(
      select id from users where id = any (given_users) and disabled_at is null order by id for no key update
    );
    for own in
      select * from unnest(given_rooms, given_users, given_states, given_times, given_limits, given_mosts,
        given_epochs, given_browse_keys, given_opened, given_since, given_owned) with ordinality
        as given (room, user_id, states, at, most_members, most_rooms, epoch, browse_key, most_opened, opened_since,
          most_owned, place)
      order by room, place
    loop
      if own.user_id <> all (enabled_users) then
        outcomes[own.place] := 'refused';
        continue;
      end if;
      if known_room is distinct from own.room then
        if new_members > 0 then
          update rooms set members = members + new_members, revision = revision + new_members where name = known_room;
          new_members := 0;
        end if;
        known_room := own.room;
        select seq, epoch, revision, members, closed_at into known from rooms
          where name = own.room for no key update;
        is_there := found;
      end if;
      if not is_there and own.epoch is not null then
        if (select count(*) from rooms where created_by = own.user_id and kind = 'public'
          and created_at > own.opened_since) >= own.most_opened then
          outcomes[own.place] := 'opened-too-many';
          continue;
        end if;
        if (select count(*) >= own.most_rooms or count(*) filter (where role = 'owner') >= own.most_owned from members
          where user_id = own.user_id and state = 'in' and peer_id is null) then
          outcomes[own.place] := 'too-many';
          continue;
        end if;
        insert into rooms (name, kind, epoch, seq, revision, created_at, created_by, members, browse_key)
          values (own.room, 'public', own.epoch, 0, 0, own.at, own.user_id, 1, own.browse_key)
          on conflict (name) do nothing;
        if found then
          insert into members (room, user_id, role, state, since, joined_at)
            values (own.room, own.user_id, 'owner', 'in', 0, own.at);
          outcomes[own.place] := 'opened';
          opened_places := opened_places || own.place;
        end if;
        select seq, epoch, revision, members, closed_at into known from rooms
          where name = own.room for no key update;
        is_there := found;
        continue when outcomes[own.place] = 'opened';
      end if;
      if own.most_rooms is not null and (select count(*) from members
        where user_id = own.user_id and state = 'in' and peer_id is null) >= own.most_rooms then
        outcomes[own.place] := 'too-many';
        continue;
      end if;
      if not is_there or known.closed_at is not null or known.members + new_members >= own.most_members then
        outcomes[own.place] := 'full';
        continue;
      end if;
      if own.states like '%none%' then
        insert into members (room, user_id, role, state, since, joined_at)
          values (own.room, own.user_id, 'member', 'in', known.revision + new_members + 1, own.at)
          on conflict (room, user_id) do update
          set role = 'member', state = 'in', since = excluded.since, joined_at = own.at, ended_at = null
          where members.state = any (string_to_array(own.states, ','));
      else
        update members set role = 'member', state = 'in', since = known.revision + new_members + 1,
          joined_at = own.at, ended_at = null
          where room = own.room and user_id = own.user_id and state = any (string_to_array(own.states, ','));
      end if;
      if not found then
        outcomes[own.place] := 'refused';
        continue;
      end if;
      new_members := new_members + 1;
      outcomes[own.place] := 'entered';
      if known.seq > 0 then
        insert into read_marks (room, user_id, epoch, seq) values (own.room, own.user_id, known.epoch, known.seq)
          on conflict (room, user_id) do update set epoch = excluded.epoch, seq = excluded.seq;
      end if;
    end loop;
    if new_members > 0 then
      update rooms set members = members + new_members, revision = revision + new_members where name = known_room;
    end if;
    for own in
      select * from unnest(given_rooms, given_name_keys) with ordinality as given (room, key, place)
      where place = any (opened_places) order by key, place
    loop
      insert into name_keys (kind, key, owner) values ('room', own.key, own.room) on conflict (kind, key) do nothing;
      if not found then
        delete from rooms where name = own.room;
        outcomes := array(
          select case when room = own.room and outcomes[place] in ('entered', 'opened')
            then 'looks-alike' else outcomes[place] end
          from unnest(given_rooms) with ordinality as given (room, place) order by place
        );
      end if;
    end loop;
    return query
      select given.place, outcomes[given.place], rooms.name, rooms.kind, rooms.title, rooms.epoch, rooms.seq,
        rooms.revision, rooms.members, own.user_id, own.role, own.state, own.since, own.muted_until
      from unnest(given_rooms, given_users) with ordinality as given (room, user_id, place)
      left join lateral (
        select * from rooms where name = given.room and outcomes[given.place] in ('entered', 'opened') offset 0
      ) as rooms on true
      left join lateral (
        select * from members where members.room = rooms.name and user_id = given.user_id offset 0
      ) as own on true;
  end
  $function$`;

/** Creates the function `enter_rooms`. */
export async function createEnteringFunction(db: Kysely<unknown>): Promise<void> {
  await enterRooms.execute(db);
}
