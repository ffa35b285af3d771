import "./in-postgres.ts";
import "../../backend/users/picture-store.test.ts";
import "./after-postgres.ts";
