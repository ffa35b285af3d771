import "./in-postgres.ts";
import "../../backend/services/users.test.ts";
import "./after-postgres.ts";
