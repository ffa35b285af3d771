import "../in-postgres.ts";
import "../../../backend/chat/ended-memberships.test.ts";
import "../after-postgres.ts";
