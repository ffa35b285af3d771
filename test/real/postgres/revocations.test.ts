import "./in-postgres.ts";
import "../../backend/services/revocations.test.ts";
import "./after-postgres.ts";
