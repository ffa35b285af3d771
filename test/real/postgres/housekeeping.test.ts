import "./in-postgres.ts";
import "../../backend/housekeeping.test.ts";
import "./after-postgres.ts";
