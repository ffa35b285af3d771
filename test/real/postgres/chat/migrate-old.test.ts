import "../in-postgres.ts";
import "../../../backend/chat/store/migrate-old.test.ts";
import "../after-postgres.ts";
