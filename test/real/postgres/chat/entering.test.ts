import "../in-postgres.ts";
import "../../../backend/chat/store/entering.test.ts";
import "../after-postgres.ts";
