import { stat, writeFile } from "node:fs/promises";
import { expect, test } from "@jest/globals";
import { changeToken, describeTokenChange, registeredConnectors } from "../../cloudflared/index.ts";
import { runConnector } from "./connector-command.ts";
import { startEdgeForTests } from "./edge-for-tests.ts";

/**
 * What an operator sees when the token in the file changes while connectors run, as after a rotation of the tunnel's
 * secret.
 */
export function tokenChangeSuite(name: string, env: Record<string, string>): void {
  test(`O16: ${name} changes its token in the same process, loses no request, and keeps the old token when the new one fails`, async () => {
    const testSite = await startEdgeForTests({ ingress: [{ service: "http_status:204" }] });
    const { tokenFile, tunnelId, edge } = testSite;
    const local = { ...env, TUNNEL_EDGE: edge.address, TUNNEL_CACERT: edge.caFile, TUNNEL_GRACE_PERIOD: "10s" };
    const command = runConnector({ ...local, TUNNEL_TOKEN_FILE: tokenFile });
    await command.ready;
    const [before] = await registeredConnectors(tokenFile);
    expect(before).toMatchObject({ pid: command.pid, orphan: false, stopping: false });
    expect((await stat(`${tokenFile}.connectors/${before?.pid}.json`)).mode & 0o777).toBe(0o600);

    const proc = testSite.folder; // lists no process, so that a cloudflared of another test is not reported
    await writeFile(tokenFile, testSite.wrongToken);
    const [failed, ...others] = await changeToken(tokenFile, { proc });
    expect([failed?.kind, others]).toEqual(["failed", []]);
    expect(describeTokenChange(failed!, tokenFile)).toMatch(/runs on with the old token: .*does not accept/s);
    expect(await registeredConnectors(tokenFile)).toMatchObject([
      { pid: before?.pid, child: before?.child, token: before?.token },
    ]);

    let lost = 0;
    let over = false;
    const visitor = (async () => {
      while (!over) {
        const stream = edge.open(tunnelId, { method: "GET", path: "/", host: "x", headers: [], body: false });
        const status = await stream?.response.then(
          (response) => response.status,
          () => 0,
        );
        if (status !== 204) lost += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    const next = testSite.rotate();
    await writeFile(tokenFile, next);
    const [changed] = await changeToken(tokenFile, { proc });
    over = true;
    await visitor;
    expect(lost).toBe(0);
    expect(changed?.kind).toBe("changed");
    expect(describeTokenChange(changed!, tokenFile)).toBe(`Connector ${command.pid} has the new token.`);
    const after = await registeredConnectors(tokenFile);
    expect(after.map(({ pid }) => pid)).toEqual([command.pid]);
    expect(after[0]?.token).not.toBe(before?.token);

    command.signal("SIGTERM");
    const { code, output } = await command.ended;
    expect([code, edge.connections(tunnelId)]).toEqual([0, 0]);
    expect(output.match(/^ready: /gm)).toHaveLength(2);
    for (const secret of [testSite.token, testSite.wrongToken, next]) expect(output).not.toContain(secret);
    expect(await registeredConnectors(tokenFile)).toEqual([]);
    await testSite.close();
  });
}
