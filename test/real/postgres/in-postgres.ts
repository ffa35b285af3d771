import { beforeAll } from "@jest/globals";
import { storeInPostgres } from "../../backend/store/test-storage.ts";
import { type Cluster, startCluster } from "./cluster.ts";

// Imported first, this makes the tests that are imported after it run on PostgreSQL: the same tests, the other
// database.
let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
  storeInPostgres(() => cluster.database());
});

export const stopCluster = () => cluster.stop();
