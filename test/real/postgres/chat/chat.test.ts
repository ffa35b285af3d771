import "../in-postgres.ts";
import "../../../backend/chat/chat.test.ts";
import "../after-postgres.ts";
