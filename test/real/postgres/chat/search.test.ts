import "../in-postgres.ts";
import "../../../backend/chat/store/search.test.ts";
import "../after-postgres.ts";
