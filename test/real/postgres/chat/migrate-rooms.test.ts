import "../in-postgres.ts";
import "../../../backend/chat/store/migrate-rooms.test.ts";
import "../after-postgres.ts";
