import "./in-postgres.ts";
import "../../backend/store/migrate-rooms.test.ts";
import "./after-postgres.ts";
