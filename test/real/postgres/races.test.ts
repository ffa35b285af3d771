import "./in-postgres.ts";
import "../../backend/services/races.test.ts";
import "./after-postgres.ts";
