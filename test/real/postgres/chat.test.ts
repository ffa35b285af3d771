import "./in-postgres.ts";
import "../../backend/services/chat.test.ts";
import "./after-postgres.ts";
