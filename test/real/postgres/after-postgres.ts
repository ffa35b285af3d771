import { afterAll } from "@jest/globals";
import { stopCluster } from "./in-postgres.ts";

// Imported last: Jest runs what comes after all tests in the order in which it was told so.
afterAll(stopCluster);
