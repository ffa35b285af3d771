import "./in-postgres.ts";
import "../../backend/store/migrate-names.test.ts";
import "./after-postgres.ts";
