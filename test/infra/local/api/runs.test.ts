/** P0: no command may delete what the same run wrote; the API reports such a run as failed. */
import { expect, test } from "@jest/globals";
import { customRules, type Reply, withApi } from "./client.ts";

/** Paths of the API. */
interface Paths {
  records: string;
  record: string;
  rulesets: string;
  ruleset: string;
  tunnels: string;
  tunnel: string;
}
type Command = (call: Call, paths: Paths) => Promise<void>;
type Call = (method: string, path: string, body?: unknown) => Promise<Reply>;

/** A zone with one record and one ruleset, and a tunnel. */
function withObjects(
  use: (parts: { run: (command: () => Promise<unknown>) => Promise<unknown>; call: Call } & Paths) => Promise<void>,
): Promise<void> {
  return withApi({}, async (api, call) => {
    const records = `/zones/${api.zoneId}/dns_records`;
    const rulesets = `/zones/${api.zoneId}/rulesets`;
    const tunnels = `/accounts/${api.accountId}/cfd_tunnel`;
    const made = [
      await call("POST", records, recordBody),
      await call("POST", rulesets, customRules([])),
      await call("POST", tunnels, { name: "t", config_src: "cloudflare" }),
    ];
    const [record, ruleset, tunnel] = made.map(({ body }) => body.result.id) as [string, string, string];
    await use({
      run: (command) => api.run("up", command),
      call,
      records,
      record: `${records}/${record}`,
      rulesets,
      ruleset: `${rulesets}/${ruleset}`,
      tunnels,
      tunnel: `${tunnels}/${tunnel}`,
    });
  });
}

const recordBody = { type: "A", name: "a", content: "192.0.2.1" };
const config = { config: { ingress: [{ service: "http_status:404" }] } };

test("P0: a record that is written and then deleted in one run fails the run", async () => {
  await withObjects(async ({ run, call, record }) => {
    const command = async () => {
      await call("PUT", record, { ...recordBody, content: "192.0.2.2" });
      await call("DELETE", record);
    };
    await expect(run(command)).rejects.toMatchObject({
      code: "RUN_DELETED_OWN",
      deletes: [{ run: "up", written: `PUT ${record}`, deleted: `DELETE ${record}` }],
      message: expect.stringContaining(`up: PUT ${record}, then DELETE ${record}`),
    });
  });
});

test.each([
  [
    "a record that was changed in part",
    async (call, { record }) => {
      await call("PATCH", record, { comment: "x" });
      await call("DELETE", record);
    },
  ],
  [
    "a record that was made",
    async (call, { records }) => {
      const { body } = await call("POST", records, { ...recordBody, name: "b" });
      await call("DELETE", `${records}/${body.result.id}`);
    },
  ],
  [
    "a ruleset",
    async (call, { ruleset }) => {
      await call("PUT", ruleset, { rules: [] });
      await call("DELETE", ruleset);
    },
  ],
  [
    "a ruleset that was written as the entry point of its phase",
    async (call, { rulesets, ruleset }) => {
      await call("PUT", `${rulesets}/phases/http_request_firewall_custom/entrypoint`, { rules: [] });
      await call("DELETE", ruleset);
    },
  ],
  [
    "a tunnel that was configured",
    async (call, { tunnel }) => {
      await call("PUT", `${tunnel}/configurations`, config);
      await call("DELETE", tunnel);
    },
  ],
  [
    "a tunnel that was renamed",
    async (call, { tunnel }) => {
      await call("PATCH", tunnel, { name: "u" });
      await call("DELETE", tunnel);
    },
  ],
] satisfies [string, Command][])("P0: so does %s", async (_what, command) => {
  await withObjects(async ({ run, call, ...paths }) => {
    await expect(run(() => command(call, paths))).rejects.toMatchObject({ code: "RUN_DELETED_OWN" });
  });
});

test("P0: a write whose response got lost counts", async () => {
  await withApi({}, async (api, call) => {
    const records = `/zones/${api.zoneId}/dns_records`;
    api.faults.next({ method: "POST" }, "lost");
    const command = async () => {
      await call("POST", records, recordBody).catch(() => undefined);
      const [made] = (await call("GET", records)).body.result as unknown as { id: string }[];
      await call("DELETE", `${records}/${made?.id}`);
    };
    await expect(api.run("up", command)).rejects.toMatchObject({ code: "RUN_DELETED_OWN" });
  });
});

test.each([
  [
    "replacing a ruleset, the old one first",
    async (call, { rulesets, ruleset }) => {
      await call("DELETE", ruleset);
      await call("POST", rulesets, customRules([]));
    },
  ],
  [
    "replacing a record, the new one first",
    async (call, { records, record }) => {
      await call("POST", records, { ...recordBody, content: "192.0.2.3" });
      await call("DELETE", record);
    },
  ],
  [
    "a write that was refused",
    async (call, { record }) => {
      await call("PUT", record, { type: "A" });
      await call("DELETE", record);
    },
  ],
  [
    "ending the connections of a tunnel whose secret was changed, and deleting it",
    async (call, { tunnel }) => {
      await call("PATCH", tunnel, { tunnel_secret: Buffer.alloc(32, 1).toString("base64") });
      await call("DELETE", `${tunnel}/connections`);
      await call("DELETE", tunnel);
    },
  ],
  [
    "removing a rule of a ruleset that was written",
    async (call, { ruleset }) => {
      const { body } = await call("PUT", ruleset, { rules: [{ action: "block", expression: "ssl" }] });
      const [rule] = body.result.rules as { id: string }[];
      await call("DELETE", `${ruleset}/rules/${rule?.id}`);
    },
  ],
] satisfies [string, Command][])("P0: %s is what a command may do", async (_what, command) => {
  await withObjects(async ({ run, call, ...paths }) => {
    await expect(run(() => command(call, paths))).resolves.toBeUndefined();
  });
});

test("P0: each run is judged by itself, and only one can be under way", async () => {
  await withObjects(async ({ run, call, record }) => {
    await run(() => call("PUT", record, recordBody));
    await run(() => call("DELETE", record));
    await expect(run(() => run(async () => undefined))).rejects.toThrow("the run up has not ended");
    // what a command throws is told, and the next run can begin
    await expect(run(() => Promise.reject(new Error("its own error")))).rejects.toThrow("its own error");
    expect(await run(async () => 7)).toBe(7);
  });
});
