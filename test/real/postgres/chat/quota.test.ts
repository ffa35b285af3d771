import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { AssertMaySend } from "../../../../backend/chat/store/index.ts";
import { messageBytes } from "../../../../backend/chat/store/usage.ts";
import { openStore, type Store } from "../../../backend/store/open-store.ts";
import { addUsers } from "../../../backend/store/rows.ts";
import { type Cluster, startCluster } from "../cluster.ts";

let cluster: Cluster;
let nodes: readonly [Store, Store];
beforeAll(async () => {
  cluster = await startCluster();
  const { url } = await cluster.database();
  const open = () => openStore({ dataDir: "unused", databaseUrl: url });
  nodes = [await open(), await open()];
});
afterAll(async () => {
  for (const node of nodes) await node.close();
  await cluster.stop();
});

test("N11: a user who sends by two nodes exceeds the quota by no more than 64 KiB for the other node", async () => {
  const quota = 1024 * 1024;
  await addUsers(nodes[0], "ada");
  const text = "x".repeat(4000);
  const judge: AssertMaySend = (_, storedBytes) => {
    if (storedBytes > quota) throw new Error("the quota is used up");
  };
  let stored = 0;
  let refused = 0;
  for (let n = 0; refused < 4; n += 1) {
    const draft = { room: "lobby", authorId: "ada", sid: "s-ada", clientId: `m${n}`, text, at: 1, quota };
    const appended = (nodes[n % 2] as Store).messages.append(draft, judge);
    await appended.then(
      () => {
        stored += messageBytes(text);
      },
      () => {
        refused += 1;
      },
    );
  }
  expect(stored).toBeGreaterThan(quota - 8 * 4200);
  // and what is sent while a node writes its sum
  expect(stored).toBeLessThan(quota + 64 * 1024 + 8 * 4200);
});
