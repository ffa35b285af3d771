import "../in-postgres.ts";
import "../../../backend/chat/store/messages.test.ts";
import "../../../backend/chat/store/odd-keys.test.ts";
import "../../../backend/chat/chat-export.test.ts";
import "../after-postgres.ts";
