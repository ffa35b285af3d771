import { type Kysely, sql } from "kysely";

/**
 * Creates the function of PostgreSQL that lets a user into a room (migration 0011): what `entering` does by five
 * statements in a transaction, in one statement, which is its own transaction.
 *
 * Each statement of the function has a snapshot of its own (READ COMMITTED, volatile), so that it reads what was
 * committed before it got its lock. The locks and their order are those of `locks.ts`: the user's row, then the room's.
 * The room is counted up only when the membership has begun: nothing has to be undone.
 *
 * The settings leave the plans, which are made once for each connection, nothing but indexes (`append_messages`).
 */
export async function createEnteringFunction(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function enter_room(
      given_room text, given_user text, given_at bigint, given_from text[], given_limit bigint, given_most bigint
    ) returns text
    language plpgsql
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_bitmapscan = off
    as $function$
    declare
      own record;
    begin
      perform from users where id = given_user and disabled_at is null for no key update;
      if not found then return 'refused'; end if;
      if given_most is not null and (
        select count(*) from members where user_id = given_user and state = 'in' and peer_id is null
      ) >= given_most then return 'too-many'; end if;
      select revision + 1 as since, seq, epoch into own from rooms
        where name = given_room and members < given_limit and closed_at is null for no key update;
      if not found then return 'full'; end if;
      if 'none' = any (given_from) then
        insert into members (room, user_id, role, state, since, joined_at)
          values (given_room, given_user, 'member', 'in', own.since, given_at)
          on conflict (room, user_id) do update
          set role = 'member', state = 'in', since = own.since, joined_at = given_at, ended_at = null
          where members.state = any (given_from);
      else
        update members
          set role = 'member', state = 'in', since = own.since, joined_at = given_at, ended_at = null
          where room = given_room and user_id = given_user and state = any (given_from);
      end if;
      if not found then return 'refused'; end if;
      update rooms set members = members + 1, revision = own.since where name = given_room;
      insert into read_marks (room, user_id, epoch, seq) values (given_room, given_user, own.epoch, own.seq)
        on conflict (room, user_id) do update set epoch = own.epoch, seq = own.seq;
      return 'entered';
    end
    $function$`.execute(db);
}
