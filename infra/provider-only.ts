/**
 * The program for `pulumi destroy --run-program`: it gives the provider the current configuration, and declares no
 * resource of the stack, so that the state alone decides what is deleted. Pulumi skips resources that a destroy
 * declares and the state does not have.
 */
import { ZoneSetting } from "@pulumi/cloudflare/zoneSetting.js";

// Any other run would try to create this. It cannot be created, which ends that run before it deletes anything.
// Pulumi's message has its name.
new ZoneSetting("CAUSEWAY_PURPOSE=destroy is in the environment of a run that does not destroy: take it out", {
  zoneId: "",
  settingId: "",
  value: "",
});
