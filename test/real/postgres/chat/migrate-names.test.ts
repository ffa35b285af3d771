import "../in-postgres.ts";
import "../../../backend/chat/store/migrate-names.test.ts";
import "../after-postgres.ts";
