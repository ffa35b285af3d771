import "./in-postgres.ts";
import "../../backend/users/users.test.ts";
import "./after-postgres.ts";
