import "./in-postgres.ts";
import "../../backend/services/rooms.test.ts";
import "./after-postgres.ts";
