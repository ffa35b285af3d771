import "../in-postgres.ts";
import "../../../backend/chat/moderation.test.ts";
import "../after-postgres.ts";
