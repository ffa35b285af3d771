import "./in-postgres.ts";
import "../../backend/users/accounts.test.ts";
import "./after-postgres.ts";
