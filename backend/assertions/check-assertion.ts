import { JOSEError } from "jose/errors";
import { jwtVerify } from "jose/jwt/verify";
import { CertificatesError, type TeamCertificates } from "./team-certificates.ts";

/** The header with an assertion. Cloudflare's edge sets it, also for a browser, which has a cookie. */
export const ASSERTION_HEADER = "cf-access-jwt-assertion";

/** An assertion that is accepted, and until when: milliseconds since 1970, with the tolerance for clocks. */
interface AcceptedAssertion {
  readonly kind: "accepted";
  readonly until: number;
}

/** Why an assertion is not accepted, and a sentence for the log without a part of the assertion. */
interface AssertionRefusal {
  readonly kind: "missing" | "foreign-audience" | "invalid" | "no-certificates";
  readonly reason: string;
}

/** Maximum characters of an assertion. A browser holds it in a cookie, which has at most 4096 bytes. */
export const MAX_ASSERTION_CHARACTERS = 8 * 1024;
/** The one algorithm of Access, and the one that cloudflared accepts (go-oidc, verify.go). */
const ALGORITHMS = ["RS256"];
/** Seconds by which the clock of this machine may differ from Cloudflare's. */
const CLOCK_TOLERANCE_SECONDS = 60;

/**
 * Checks an assertion: its signature by a certificate of the team, issuer, times, and that it is for one of the
 * applications whose audiences are given. Never rejects. `now` is in milliseconds since 1970.
 */
export async function checkAssertion(
  assertion: string | undefined,
  certificates: TeamCertificates,
  audiences: readonly string[],
  now: number = Date.now(),
): Promise<AcceptedAssertion | AssertionRefusal> {
  if (assertion === undefined || assertion === "") return { kind: "missing", reason: "no assertion" };
  if (assertion.length > MAX_ASSERTION_CHARACTERS) {
    return { kind: "invalid", reason: `longer than ${MAX_ASSERTION_CHARACTERS} characters` };
  }
  try {
    const { payload } = await jwtVerify(assertion, certificates.keyOf, {
      algorithms: ALGORITHMS,
      issuer: certificates.issuer,
      requiredClaims: ["exp"],
      currentDate: new Date(now),
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    });
    if ([payload.aud ?? []].flat().some((audience) => audiences.includes(audience))) {
      return { kind: "accepted", until: (Number(payload.exp) + CLOCK_TOLERANCE_SECONDS) * 1000 };
    }
    return { kind: "foreign-audience", reason: "made for another application" };
  } catch (error) {
    if (error instanceof JOSEError) return { kind: "invalid", reason: error.message };
    if (error instanceof CertificatesError) return { kind: "no-certificates", reason: error.message };
    // a certificate that is no usable key, such as an RSA key of 1024 bits
    return { kind: "no-certificates", reason: "the certificate cannot be used" };
  }
}
