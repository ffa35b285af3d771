import "./in-postgres.ts";
import "../../backend/users/picture-store.test.ts";
import "../../backend/users/migrations.test.ts";
import "./after-postgres.ts";
