import "./in-postgres.ts";
import "../../backend/client/chat-client.test.ts";
import "../../backend/client/client-schedules.test.ts";
import "./after-postgres.ts";
