import "../in-postgres.ts";
import "../../../backend/chat/housekeeping.test.ts";
import "../../../backend/chat/store/usage.test.ts";
import "../../../backend/chat/removed-accounts.test.ts";
import "../after-postgres.ts";
