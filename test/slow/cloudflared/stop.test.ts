import { existsSync } from "node:fs";
import { describe, test } from "@jest/globals";
import { stopSuite } from "../../cloudflared/stop-suite.ts";

if (existsSync("/proc/self/task")) stopSuite("npm run connector with our own connector", {});
else describe.skip("npm run connector", () => test("needs /proc", () => {}));
