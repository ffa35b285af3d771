import "./in-postgres.ts";
import "../../backend/users/user-mail.test.ts";
import "./after-postgres.ts";
