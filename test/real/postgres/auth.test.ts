import "./in-postgres.ts";
import "../../backend/services/auth.test.ts";
import "./after-postgres.ts";
