import "../in-postgres.ts";
import "../../../backend/chat/races.test.ts";
import "../after-postgres.ts";
