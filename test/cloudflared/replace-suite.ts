import { stat, writeFile } from "node:fs/promises";
import { expect, test } from "@jest/globals";
import { registered, replaceConnectors } from "../../cloudflared/index.ts";
import { CONNECTOR } from "../../scripts/pulumi/local-connectors.ts";
import { runConnector } from "./connector-command.ts";
import { startEdgeForTests } from "./edge-for-tests.ts";

/** What an operator sees when connectors are replaced after the tunnel's secret was rotated. */
export function replaceSuite(name: string, env: Record<string, string>): void {
  test(`${name}: a connector is replaced without a lost request, and the old one stays when the new one cannot start`, async () => {
    const house = await startEdgeForTests({ ingress: [{ service: "http_status:204" }] });
    const { tokenFile, tunnelId, edge } = house;
    const local = { ...env, TUNNEL_EDGE: edge.address, TUNNEL_CACERT: edge.caFile, TUNNEL_GRACE_PERIOD: "10s" };
    const first = runConnector({ ...local, TUNNEL_TOKEN_FILE: tokenFile });
    await first.ready;
    const [known] = await registered(tokenFile);
    expect(known?.env).toEqual({
      TUNNEL_EDGE: edge.address,
      TUNNEL_CACERT: edge.caFile,
      TUNNEL_GRACE_PERIOD: "10s",
      ...(env.CLOUDFLARED_BIN && { CLOUDFLARED_BIN: env.CLOUDFLARED_BIN }),
    });
    expect((await stat(`${tokenFile}.connectors/${known?.pid}.json`)).mode & 0o777).toBe(0o600);

    await writeFile(tokenFile, house.wrongToken);
    const options = { command: CONNECTOR, env };
    await expect(replaceConnectors(tokenFile, options)).rejects.toMatchObject({
      code: "NOT_READY",
      message: expect.stringMatching(/still runs.*does not accept/s),
    });
    expect((await registered(tokenFile)).map(({ pid }) => pid)).toEqual([known?.pid]);

    await writeFile(tokenFile, house.token);
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
    const [replaced] = await replaceConnectors(tokenFile, options);
    over = true;
    await visitor;
    expect(lost).toBe(0);
    expect(replaced?.old).toBe(known?.pid);
    expect((await first.ended).code).toBe(0);
    expect((await registered(tokenFile)).map(({ pid }) => pid)).toEqual([replaced?.new]);
    process.kill(replaced!.new, "SIGTERM");
    await house.until(0);
    while ((await registered(tokenFile)).length > 0);
    await house.close();
  }, 60_000);
}
