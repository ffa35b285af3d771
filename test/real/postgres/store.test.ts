import "./in-postgres.ts";
import "../../backend/store/store.test.ts";
import "./after-postgres.ts";
