import "../in-postgres.ts";
import "../../../backend/chat/missed-messages.test.ts";
import "../after-postgres.ts";
