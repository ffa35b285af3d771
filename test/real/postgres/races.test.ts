import "./in-postgres.ts";
import "../../backend/auth/races.test.ts";
import "./after-postgres.ts";
