import type { KnownLongFunctions } from "./function-length.ts";

const SERVICE = "one handler for each action of the service; their bodies are to become functions of their own";
const STORE = "one function for each query of a table; they are to become a class";

/**
 * Functions of more than 80 lines that are not split yet, and why. The list only becomes shorter: a new function that
 * is too long is split, and an entry that is not needed any more fails the check.
 */
export const KNOWN_LONG_FUNCTIONS: KnownLongFunctions = {
  "backend/auth/access-tokens.ts createAccessTokens": "its cache and its queue share state; it is to become a class",
  "backend/auth/auth.service.ts authService": SERVICE,
  "backend/auth/session-store.ts sessionStore": STORE,
  "backend/chat/chat-messages.ts chatMessages": SERVICE,
  "backend/chat/chat-moderation.ts chatModeration": SERVICE,
  "backend/chat/chat-rooms.ts chatRooms": SERVICE,
  "backend/chat/migrations.ts members": "one migration; what has run somewhere is not changed",
  "backend/chat/store/entering-function.ts createEnteringFunction": "the text of one PostgreSQL function",
  "backend/chat/store/entering-sqlite.ts enteringSqlite": "the statements that one group of messages runs in order",
  "backend/chat/store/members.ts memberStore": STORE,
  "backend/chat/store/rooms.ts roomStore": STORE,
  "backend/main.ts startBackend": "starts the parts in order, and stops them in the other one",
  "backend/nodes/packet-authentication.ts createPacketAuthentication":
    "its counters and keys share state; it is to become a class",
  "backend/store/groups.ts inGroups": "its queue and its turns share state; it is to become a class",
  "backend/store/sqlite-groups.ts sqliteGroups": "its queue and its turns share state; it is to become a class",
  "backend/users/user-mail.ts userMail": SERVICE,
  "backend/users/user-store.ts userStore": STORE,
  "backend/users/users.service.ts usersService": SERVICE,
};
