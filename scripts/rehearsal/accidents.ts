/**
 * Steps with accidents that happen to operators: a killed run, a lost response, a replaced token, the answer no to a
 * question, connectors on other machines.
 */
import { readFileSync } from "node:fs";
import { tokenFile } from "../stack-connectors/token-file.ts";
import { difference, expectThat, recordsAndRulesets, required, snapshot, tunnelsOf, zoneOf } from "./observe.ts";
import { HOSTNAME, ZONE_SETTING } from "./site.ts";
import type { Step } from "./step.ts";

/** Exit code of `drift`. */
const DRIFT = 1;

export const killedUp: Step = {
  name: "the first up is killed in the middle: drift says so, nothing is made twice",
  async run(stage) {
    await stage.killAt("POST", /\/rulesets$/, "up", "--yes", "--skip-preview");
    const locked = await stage.operate("drift");
    expectThat(
      locked.code !== 0 && /locked/i.test(locked.text),
      `drift does not say that the stack is locked:\n${locked.text}`,
    );
    await stage.pulumiOk("cancel", "--yes");
    const half = snapshot(stage);
    const drift = await stage.operate("drift");
    expectThat(drift.code === DRIFT, `drift ended with ${drift.code} after a killed run:\n${drift.text}`);
    expectThat(snapshot(stage) === half, "drift changed something");
    return "the lock is named, and what is not deployed";
  },
};

export const lostTunnel: Step = {
  name: "the next up loses the response with its new tunnel; the up after it succeeds",
  async run(stage) {
    stage.api.faults.next({ method: "POST", path: /\/cfd_tunnel$/ }, "lost");
    const lost = await stage.operate("up", "--yes", "--skip-preview");
    stage.api.faults.clear();
    const [left] = await tunnelsOf(stage);
    if (lost.code !== 0) await stage.operateOk("up", "--yes", "--skip-preview");
    const tunnels = await tunnelsOf(stage);
    expectThat(tunnels.length === 1, `there are ${tunnels.length} tunnels instead of one`);
    expectThat(left?.id === tunnels[0]?.id || left === undefined, "the tunnel that was made first was left behind");
    const drift = await stage.operate("drift");
    expectThat(drift.code === 0, `there is drift after it:\n${drift.text}`);
    const { text } = await stage.pulumiOk("stack", "export");
    expectThat(!text.includes("pending_operations"), "Pulumi still has notes of operations that were cut off");
    return "one tunnel, no drift, nothing pending";
  },
};

export const replacedToken: Step = {
  name: "the API token is replaced and the old one revoked",
  async run(stage) {
    await stage.replaceApiToken();
    const { code, text } = await stage.operate("drift");
    expectThat(code === 0, `drift ended with ${code}:\n${text}`);
    await stage.operateOk("preview");
    await stage.operateOk("up", "--yes", "--skip-preview");
    return "drift, preview and up use the new one";
  },
};

export const answeredNo: Step = {
  name: "the tunnel is deleted elsewhere; up is answered with no, then with yes",
  async run(stage) {
    const [tunnel] = await tunnelsOf(stage);
    const path = `/accounts/${stage.api.accountId}/cfd_tunnel/${required(tunnel).id}`;
    await stage.byHand("DELETE", `${path}/connections`);
    await stage.byHand("DELETE", path);
    const [state, site] = [JSON.stringify(await stage.state()), snapshot(stage)];
    const { code, text } = await stage.answer("up", /make a new tunnel/, "no\n");
    expectThat(code !== 0, `up went on after the answer no:\n${text}`);
    expectThat(JSON.stringify(await stage.state()) === state, "the answer no changed the stack's state");
    expectThat(snapshot(stage) === site, "the answer no changed the site");
    const drift = await stage.operate("drift");
    expectThat(
      drift.code === DRIFT && /tunnel/.test(drift.text),
      `drift does not name the deleted tunnel:\n${drift.text}`,
    );
    await stage.operateOk("up", "--yes", "--skip-preview");
    const after = await stage.operate("drift");
    expectThat(after.code === 0, `there is drift after the new tunnel:\n${after.text}`);
    const [record] = required(zoneOf(stage)).records;
    const [made] = await tunnelsOf(stage);
    expectThat(record?.content === `${made?.id}.cfargotunnel.com`, `the record leads to ${record?.content}`);
    return "no: nothing changed; yes: a new tunnel, and the record leads to it";
  },
};

export const foreignConnectorsDown: Step = {
  name: "down, while two connectors run elsewhere: what was adopted is put back",
  async run(stage, scene) {
    const token = readFileSync(tokenFile(stage.folder), "utf8").trim();
    await Promise.all([stage.connectElsewhere(token), stage.connectElsewhere(token)]);
    const preview = await stage.operateOk("down", "--preview-only");
    expectThat(
      preview.text.includes(HOSTNAME) && preview.text.includes(ZONE_SETTING),
      `it does not list what goes and what stays:\n${preview.text}`,
    );
    const path = `/accounts/${stage.api.accountId}/cfd_tunnel/${required((await tunnelsOf(stage))[0]).id}/connections`;
    const connected = (await stage.byHand("GET", path)) as { id: string }[];
    const down = await stage.operateOk("down", "--yes");
    const unnamed = connected.filter(({ id }) => !down.text.includes(`Disconnected: connector ${id}`));
    expectThat(
      connected.length >= 2 && unnamed.length === 0,
      `${unnamed.length} connectors of ${connected.length} are not named:\n${down.text}`,
    );
    const now = recordsAndRulesets(stage);
    const found = required(scene.found);
    expectThat(now === found, `the zone is not as it was found: ${difference(found, now)}`);
    expectThat((await tunnelsOf(stage)).length === 0, "a tunnel is left");
    return (
      `${connected.length} connectors are named and cut off; the record and the ruleset are as they were found; ` +
      `${ZONE_SETTING} stays`
    );
  },
};
