import type { ClientOptions } from "../client-options.ts";
import { Connection } from "../connection.ts";
import { BACKOFF } from "../requests.ts";
import { ServerEvents } from "../server-events.ts";
import { ClientSession } from "../session.ts";
import { Outbox } from "./outbox.ts";
import { People } from "./people.ts";
import { Rooms } from "./rooms.ts";

const RENEW_BEFORE_MS = 60_000;

/** What the parts report to the client that they are made for. */
interface PartsListener {
  readonly onChange: () => void;
  readonly onToken: (accessToken: string) => void;
  readonly onSessionEnded: () => void;
  readonly onConnected: (isConnected: boolean) => void;
}

export type ClientParts = ReturnType<typeof createParts>;

/** Creates the parts of a client and connects them with each other. */
export function createParts(options: ClientOptions, listener: PartsListener) {
  const { backoff = BACKOFF, follow = false } = options;
  const { onChange } = listener;
  const session = new ClientSession({
    url: options.url ?? "",
    fetch: options.fetch,
    renewBefore: options.renewBefore ?? RENEW_BEFORE_MS,
    backoff,
    onToken: listener.onToken,
    onEnded: listener.onSessionEnded,
  });
  const events = new ServerEvents({
    message: (message) => {
      people.stopTyping(message.room, message.author.id);
      rooms.take(message);
    },
    messageChanged: (message) => rooms.change(message),
    membership: (membership) => rooms.membership(membership),
    presence: (presence) => people.takePresence(presence),
    typing: (typing) => people.takeTyping(typing),
    read: (marks) => people.takeMarks(marks),
  });
  const connection: Connection = new Connection({
    connect: options.connect,
    session,
    backoff,
    state: () => people.connecting(),
    onOnline: () => {
      listener.onConnected(true);
      people.online();
      rooms.online();
      outbox.online(true);
    },
    onOffline: () => {
      outbox.online(false);
      listener.onConnected(false);
    },
    onEvent: (event, payload) => events.receive(event, payload),
  });
  const people: People = new People({ connection, backoff, onChange });
  const rooms: Rooms = new Rooms({
    connection,
    backoff,
    follow,
    onChange,
    onList: (list) => people.takeList(session.user?.id, list),
    onBack: () => people.back(),
    onStored: (messages) => {
      const own = messages.filter(({ author }) => author.id === session.user?.id);
      outbox.remove(...own.map(({ clientId }) => clientId));
    },
  });
  const outbox: Outbox = new Outbox({
    send: async ({ room, text, clientId }) => {
      rooms.take((await connection.call("chat.send", { room, text, clientId })).message);
    },
    onChange,
    backoff,
    keep: options.keep,
  });
  return { session, events, connection, people, rooms, outbox };
}
