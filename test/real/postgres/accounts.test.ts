import "./in-postgres.ts";
import "../../backend/services/accounts.test.ts";
import "./after-postgres.ts";
