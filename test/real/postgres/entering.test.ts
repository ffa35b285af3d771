import "./in-postgres.ts";
import "../../backend/store/entering.test.ts";
import "./after-postgres.ts";
