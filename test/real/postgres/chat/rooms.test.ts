import "../in-postgres.ts";
import "../../../backend/chat/rooms.test.ts";
import "../after-postgres.ts";
