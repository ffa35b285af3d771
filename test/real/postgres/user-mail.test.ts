import "./in-postgres.ts";
import "../../backend/services/user-mail.test.ts";
import "./after-postgres.ts";
