import "./in-postgres.ts";
import "../../backend/auth/revocations.test.ts";
import "./after-postgres.ts";
