import "./in-postgres.ts";
import "../../backend/auth/auth.test.ts";
import "./after-postgres.ts";
