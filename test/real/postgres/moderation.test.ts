import "./in-postgres.ts";
import "../../backend/services/moderation.test.ts";
import "./after-postgres.ts";
