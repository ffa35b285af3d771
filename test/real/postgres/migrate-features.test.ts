import "./in-postgres.ts";
import "../../backend/store/migrate-features.test.ts";
import "./after-postgres.ts";
