import "./in-postgres.ts";
import "../../backend/web/client.test.ts";
import "../../backend/web/client-schedules.test.ts";
import "./after-postgres.ts";
