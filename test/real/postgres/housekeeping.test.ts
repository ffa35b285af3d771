import "./in-postgres.ts";
import "../../backend/services/housekeeping.test.ts";
import "../../backend/store/usage.test.ts";
import "./after-postgres.ts";
