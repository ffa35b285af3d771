import "./in-postgres.ts";
import "../../backend/store/odd-keys.test.ts";
import "./after-postgres.ts";
