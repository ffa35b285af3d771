import { ZoneSetting } from "@pulumi/cloudflare/zoneSetting.js";
import * as pulumi from "@pulumi/pulumi";

/** One resource that works, while the program fails where no `await` sees it. */
const zoneId = new pulumi.Config().require("zoneId");
new ZoneSetting("websockets", { zoneId, settingId: "websockets", value: "on" });
pulumi.output(1).apply(() => {
  throw new Error("the program went wrong");
});
