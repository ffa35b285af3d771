import "../in-postgres.ts";
import "../../../backend/client/chat/chat-client.test.ts";
import "../../../backend/client/chat/client-schedules.test.ts";
import "../after-postgres.ts";
