import "./in-postgres.ts";
import "../../backend/users/password-races.test.ts";
import "./after-postgres.ts";
