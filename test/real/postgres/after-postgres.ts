import { afterAll } from "@jest/globals";
// tests that open a store wait for this module; what waits for it too is evaluated after them, and not before
import "../../backend/store/open-store.ts";
import { stopCluster } from "./in-postgres.ts";

// Imported last: Jest runs functions of `afterAll` in the order in which they were given.
afterAll(stopCluster);
