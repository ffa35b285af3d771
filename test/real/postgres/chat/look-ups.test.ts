import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openStore, type Store } from "../../../backend/store/open-store.ts";
import { type Cluster, startCluster } from "../cluster.ts";
import { expectPlannedOnce, statementsOf } from "../plan-of.ts";

let cluster: Cluster;
let url: string;
let store: Store;
beforeAll(async () => {
  cluster = await startCluster();
  ({ url } = await cluster.database());
  store = await openStore({ dataDir: "", databaseUrl: url });
});
afterAll(async () => {
  await store.close();
  await cluster.stop();
});

test("N7: the look-up of standings is planned once, and reads by index also where tables are small", async () => {
  const [statement = "", ...others] = await statementsOf(() => store.rooms.findStanding("lobby", "nobody"));
  expect(others).toEqual([]);
  await expectPlannedOnce(url, statement);
});
