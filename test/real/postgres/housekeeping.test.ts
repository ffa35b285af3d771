import "./in-postgres.ts";
import "../../backend/housekeeping.test.ts";
import "../../backend/chat/store/usage.test.ts";
import "./after-postgres.ts";
