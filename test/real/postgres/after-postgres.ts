import { afterAll } from "@jest/globals";
import { stopCluster } from "./in-postgres.ts";

// Imported last: Jest runs functions of `afterAll` in the order in which they were given.
afterAll(stopCluster);
