import "./in-postgres.ts";
import "../../backend/services/missed-messages.test.ts";
import "./after-postgres.ts";
