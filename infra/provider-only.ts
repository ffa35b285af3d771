/**
 * The program for `pulumi destroy --run-program`: it hands the provider the configuration of now, and declares nothing
 * of the stack, so that what goes and what stays is what the state says. Pulumi skips what a destroy declares and the
 * state does not have.
 */
import { ZoneSetting } from "@pulumi/cloudflare/zoneSetting.js";

// Any other run would try to create this. It cannot be created, which ends that run before it deletes anything.
new ZoneSetting("only-for-destroy", { zoneId: "", settingId: "", value: "" });
