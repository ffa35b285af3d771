import "./in-postgres.ts";
import "../../backend/services/password-races.test.ts";
import "./after-postgres.ts";
