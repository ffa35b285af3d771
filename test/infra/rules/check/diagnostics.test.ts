// Every kind of mistake, as a person sees it.
import { expect, test } from "@jest/globals";
import {
  type CompileOptions,
  compile,
  compileValue,
  engineError,
  locate,
  render,
} from "../../../../infra/rules/index.ts";

const told = (text: string, options: CompileOptions = {}) => {
  const compiled = compile(text, options);
  return compiled.ok ? "right" : compiled.diagnostics.map((one) => render(one, text)).join("\n");
};

test.each([
  // names
  ["http.hots eq 1", "unknown-field", "did you mean http.host?"],
  ["uri.path eq 1", "unknown-field", "did you mean http.request.uri.path"],
  ["false", "unknown-field", "there is no false; write not true"],
  ["80 eq cf.threat_score", "unknown-field", "write the literal on the right of the operator"],
  ["NOT ssl", "unknown-field", "operators are written in lower case: not"],
  ["or ssl", "unknown-field", "or needs two operands; one is missing"],
  ["http.host eq example", "unknown-field", 'text is written in quotes: "example"'],
  ["lowr(http.host) eq 1", "unknown-function", "did you mean lower"],
  ['LOWER(http.host) eq "a"', "unknown-function", "functions are written in lower case: lower"],
  ['http.host("a")', "unknown-function", undefined],
  ["ssl(1)", "unknown-function", undefined],
  ["lower eq 1", "expected-parenthesis", undefined],
  ["any eq 1", "expected-parenthesis", undefined],
  // unexpected tokens
  ["", "expected-operand", undefined],
  ["ssl and", "expected-operand", undefined],
  ["ssl and\tssl", "expected-operand", "a tab is not white space in an expression; use spaces"],
  ["ssl\tand ssl", "unexpected-input", "a tab is not white space in an expression; use spaces"],
  ["# a\nssl", "expected-operand", "expressions have no comments; put it in the rule's description"],
  ["ssl // a", "unexpected-input", "expressions have no comments; put it in the rule's description"],
  ["ssl | ssl", "unexpected-input", "write || for the logical operator"],
  ["ssl AND ssl", "unexpected-input", "operators are written in lower case: and"],
  ["ssl)", "unexpected-input", "there is no parenthesis open that this one closes"],
  ["(ssl", "expected-parenthesis", undefined],
  ["http.host. eq 1", "bad-name", undefined],
  ["ssl eq true", "boolean-operator", "write ssl"],
  ["ssl eq false", "boolean-operator", "write not ssl"],
  ["(ssl eq true)", "boolean-operator", "write ssl"],
  ["any(ssl eq true)", "boolean-operator", "write ssl"],
  ["http.host", "expected-operator", "add an operator and a value, such as eq …"],
  ["http.request.headers.names", "expected-operator", "compare its elements: any(array[*] eq …)"],
  ['http.host starts_with "a"', "expected-operator", 'starts_with is a function: starts_with(field, "text")'],
  ['http.host not contains "a"', "expected-operator", "write not before the whole comparison: not x contains y"],
  ['http.host strict  wildcard "a"', "expected-operator", "strict wildcard is written with exactly one space"],
  ["http.host && ssl", "operator-type", undefined],
  ["cf.threat_score && ssl", "expected-integer", undefined],
  // values
  ["http.host eq", "expected-value", undefined],
  ["cf.threat_score eq", "expected-integer", undefined],
  ['cf.threat_score eq "80"', "expected-integer", "write it without quotes: 80"],
  ["cf.threat_score eq 010 and cf.threat_score eq 08", "bad-integer", "a leading 0 means octal"],
  ["cf.threat_score eq 0xg", "expected-integer", undefined],
  ["cf.threat_score eq 80.5", "unexpected-input", "integers have no fraction"],
  ["cf.threat_score eq 99999999999999999999", "bad-integer", "integers have 64 bits"],
  ["cf.threat_score eq -99999999999999999999", "bad-integer", "integers have 64 bits"],
  ["cf.threat_score eq {80}", "expected-integer", "a set follows in: in {…}"],
  ["http.host eq 80", "bad-bytes", 'text is written in quotes: "80"'],
  ["http.host eq 'a'", "bad-bytes", 'strings have double quotes: "…"'],
  ['http.host eq "a', "unterminated-string", 'end the string with "'],
  ['http.host eq "\\', "unterminated-string", undefined],
  ['http.host eq "\\d"', "unknown-escape", "write \\\\d for a backslash"],
  ['http.host eq "\\xg0"', "bad-bytes", undefined],
  ['http.host eq "\\777"', "bad-bytes", undefined],
  ['http.host eq "\\x4', "bad-bytes", undefined],
  ['http.host eq r#"a"', "unterminated-string", 'end the string with "#'],
  ["http.host eq r#a", "expected-string", undefined],
  [`http.host eq r${"#".repeat(256)}"a"${"#".repeat(256)}`, "too-many-hashes", undefined],
  ["http.host contains http.host", "bad-bytes", "this operator compares with a literal only, not with a field"],
  ["http.host eq cf.threat_score", "type-mismatch", undefined],
  ["http.host eq http.request.headers.names[*]", "type-mismatch", undefined],
  ["ip.src eq 1.2.3.0/24", "bad-address", "write a network in a set: in {1.2.3.0/24}"],
  ["ip.src eq $office", "expected-address", "a list follows in: in $name"],
  ['ip.src eq "1.1.1.1"', "expected-address", "write it without quotes: 1.1.1.1"],
  // sets and lists
  ["http.host in abc", "expected-value", "a list is named with a dollar sign: $abc"],
  ['http.host in {"a", "b"}', "comma-in-set", "divide the items by spaces: {80 443}"],
  ['http.host in {"a" (}', "unexpected-input", undefined],
  ['http.host in {"a"', "unclosed-set", undefined],
  ["cf.threat_score in {80", "unclosed-set", undefined],
  ["ip.src in {1.1.1.1", "unclosed-set", undefined],
  ["http.host in {a}", "bad-bytes", 'text is written in quotes: "a"'],
  ["ip.src in {1.2.3.4/24}", "host-bits", "the network is 1.2.3.0/24"],
  ["ip.src in {2001:db8::1/32}", "host-bits", "the network is 2001:db8::/32"],
  ["ip.src in {1.2.3.4-1.2.3.9}", "expected-address", "a range has two dots: first..last"],
  ["ip.src in {1.2.3.0/33}", "bad-network", undefined],
  ["ip.src in {1.2.3.0/}", "bad-network", undefined],
  ["ip.src in {1.2.3.0/999}", "bad-network", undefined],
  ["ip.src in {1.2.3.0/a}", "bad-network", undefined],
  ["ip.src in {1.1.1.1..::1}", "bad-range", "both ends are of one version"],
  ["ip.src in {1.1.1..1.1.1.1}", "bad-address", undefined],
  ["ip.src in {1.1.1.1..1.1}", "bad-address", undefined],
  ["ip.src in {999}", "bad-address", undefined],
  ['ip.src in {"a"}', "expected-address", undefined],
  ["cf.threat_score in {9..1}", "bad-range", "a range goes from the smaller to the larger number"],
  ["cf.threat_score in {1 .. 2}", "expected-integer", "a range has no spaces around its dots"],
  ["cf.threat_score in {1..a}", "bad-integer", undefined],
  ["ip.src in $Office", "bad-list-name", "lists have lower-case names"],
  ["ip.src in $", "bad-list-name", undefined],
  // patterns
  ['http.host matches "("', "bad-regex", "Rust's regex crate"],
  ['http.host matches "é\\"("', "bad-regex", undefined],
  ["http.host matches 61:62", "expected-value", "matches takes a quoted pattern"],
  ["http.host matches", "expected-value", undefined],
  ['http.host matches "[a"', "unterminated-string", "a quote inside [...] does not end the pattern"],
  ["http.host wildcard a", "expected-value", "wildcard takes a quoted pattern"],
  ['http.host wildcard "a**"', "bad-wildcard", "one * already stands for"],
  ['http.host wildcard r"a\\b"', "bad-wildcard", undefined],
  // accesses
  ["http.host[0] eq 1", "bad-access", undefined],
  ['http.request.headers.names["a"] eq 1', "bad-access", undefined],
  ["http.request.headers[0] eq 1", "bad-access", undefined],
  ["ssl[*]", "bad-access", undefined],
  ["http.request.headers[a]", "bad-index", undefined],
  ["http.request.headers.names[-1]", "bad-index", undefined],
  ['http.request.headers[r"a"]', "bad-index", 'a raw string cannot be a key; write ["key"]'],
  ['http.request.headers["\\xff"][0] eq "a"', "bad-index", undefined],
  ['http.request.headers["a" eq "a"', "expected-bracket", undefined],
  ["http.request.headers.names[0", "expected-bracket", undefined],
  ["http.request.headers.names[", "bad-index", undefined],
  // calls
  ["len() eq 1", "argument-count", undefined],
  ["len(http.host, 1) eq 1", "argument-count", undefined],
  ["hash_in_range(1, 2) eq 1", "argument-count", undefined],
  ["url_decode() eq 1", "argument-count", undefined],
  ['len("a") eq 1', "argument-kind", undefined],
  ["is_jwt_valid(http.host)", "argument-kind", undefined],
  ["lower(http.request.headers.names) eq 1", "argument-type", "apply it to each element: lower(array[*])"],
  ["concat(1, 2) eq 1", "argument-type", undefined],
  ["has_key(http.host, 1)", "argument-type", undefined],
  ['has_value(http.host, "a")', "argument-type", undefined],
  ["cidr(ip.src, 0, 1) eq 1.1.1.1", "argument-value", undefined],
  ["concat(http.host, http.request.headers.names[*]) eq 1", "each-in-later-argument", undefined],
  ["lower(http.host http.host) eq 1", "unexpected-input", undefined],
  ["lower(", "expected-parenthesis", undefined],
  ["lower(http.host,", "expected-argument", undefined],
  ["lower(*) eq 1", "expected-argument", undefined],
  ["concat(http.host, 1.5) eq 1", "unexpected-input", undefined],
  ["concat(http.host, zz:) eq 1", "unknown-field", undefined],
  ["any(1.5)", "unexpected-input", undefined],
  ['any(http.request.headers.names[*] eq "a" or ssl)', "one-comparison", "parentheses of its own"],
  ['any(http.request.headers.names[*] eq "a", ssl)', "unexpected-input", undefined],
  ["any(ssl)", "type-mismatch", "compare each element"],
  ['any("a")', "type-mismatch", undefined],
  ["any(1)", "type-mismatch", undefined],
  ['any((http.host eq "a"))', "type-mismatch", undefined],
  ["any(len(http.host))", "type-mismatch", undefined],
  // whole expressions
  ['http.request.headers.names[*] eq "a"', "type-mismatch", "put it into any(...) or all(...)"],
  ['ssl or http.request.headers.names[*] eq "a"', "type-mismatch", "put the array into any(...) or all(...)"],
  ["http.request.headers.names eq 1", "operator-type", "compare its elements"],
  ['cf.threat_score contains "a"', "operator-type", undefined],
  ["http.host & 1", "operator-type", undefined],
  ["http.request.headers eq http.hots", "operator-type", undefined],
  [`${"(".repeat(200)}ssl`, "nesting-limit", undefined],
])("%j is %s", (text, code, hint) => {
  const message = told(text);
  expect(message).toContain(`[${code}]`);
  if (hint !== undefined) expect(message).toContain(hint);
});

test.each([
  ['path eqq "/q"', "unknown-operator", "did you mean eq?"],
  ['http.host eqq "a"', "unknown-operator", "did you mean eq?"],
  ["cf.threat_score gte 5", "unknown-operator", "write ge"],
  ['http.host equals "x"', "unknown-operator", "write eq"],
  ['http.host = "x"', "expected-operator", "write eq or == to compare"],
  ['http.host === "x"', "bad-bytes", "write eq or == to compare"],
  ['http.host =~ "x"', "expected-operator", "write matches or ~"],
  ['http.host <> "x"', "bad-bytes", "write ne or !="],
  ['http.host ! "x"', "expected-operator", "write ne or !="],
  ['http.host EQ "x"', "expected-operator", "operators are written in lower case: eq"],
  ['http.host IN {"x"}', "expected-operator", "operators are written in lower case: in"],
  ['http.host contain "x"', "expected-operator", "did you mean contains?"],
  ['http.host like "x"', "expected-operator", "write contains, wildcard or matches"],
  ["ssl an ssl", "unexpected-input", "did you mean and?"],
  ["http.host eqhttp.hots", "unknown-field", "did you mean http.host?"],
])("A11: %j is %s, with the hint %j", (text, code, hint) => {
  const message = told(text);
  expect(message).toContain(`[${code}]`);
  expect(message).toContain(hint);
  expect(message).not.toContain("did you mean ip");
});

test("several mistakes are told in one pass, in the order of the text", () => {
  expect(
    told('http.hots eq "a" and (ssl eq true or port in {80, 443}) and lower(http.host eq "b"'),
  ).toMatchInlineSnapshot(`
"error at 1:1: there is no field http.hots [unknown-field]
  http.hots eq "a" and (ssl eq true or port in {80, 443}) and lower(http.host eq "b"
  ^^^^^^^^^
  did you mean http.host?
error at 1:27: ssl is true or false by itself and takes no operator [boolean-operator]
  http.hots eq "a" and (ssl eq true or port in {80, 443}) and lower(http.host eq "b"
                            ^^
  write ssl
error at 1:38: there is no field port [unknown-field]
  http.hots eq "a" and (ssl eq true or port in {80, 443}) and lower(http.host eq "b"
                                       ^^^^
error at 1:49: a set has no commas [comma-in-set]
  http.hots eq "a" and (ssl eq true or port in {80, 443}) and lower(http.host eq "b"
                                                  ^
  divide the items by spaces: {80 443}
error at 1:67: argument 1 of lower must be String, but this is a Boolean [argument-type]
  http.hots eq "a" and (ssl eq true or port in {80, 443}) and lower(http.host eq "b"
                                                                    ^^^^^^^^^^^^^^^^
error at 1:83: expected ) here, but the expression ends [expected-parenthesis]
  http.hots eq "a" and (ssl eq true or port in {80, 443}) and lower(http.host eq "b"
                                                                                    ^"
`);
});

test("a caret stands under the place in a text of several lines, with tabs and with characters of several bytes", () => {
  expect(told('  \n(ssl or\n\thttp.host eq "é" and http.hots eq 1)')).toMatchInlineSnapshot(`
"error at 3:1: expected a field, a function or a parenthesis, found a tab [expected-operand]
  	http.host eq "é" and http.hots eq 1)
  ^
  a tab is not white space in an expression; use spaces
error at 3:24: there is no field http.hots [unknown-field]
  	http.host eq "é" and http.hots eq 1)
  	                     ^^^^^^^^^
  did you mean http.host?"
`);
  expect(locate("  ssl\né x", 8)).toEqual({ line: 2, column: 4 });
  expect(locate("  xyz", 2)).toEqual({ line: 1, column: 3 });
});

test("the engine's own words are kept for whoever searches for them", () => {
  const text = "http.host eq 80";
  const compiled = compile(text);
  expect(!compiled.ok && compiled.diagnostics.map((one) => engineError(one, text))).toMatchInlineSnapshot(`
[
  "Filter parsing error (1:16):
http.host eq 80
               ^ expected 1 characters, but found 0
",
]
`);
  const own = { code: "use-in", severity: "hint", message: "ours", span: { start: 0, end: 4 } } as const;
  expect(engineError(own, text)).toBe("Filter parsing error (1:1):\nhttp.host eq 80\n^^^^ ours\n");
});

test.each([
  ["http.response.code eq 1", { phase: "http_request_firewall_custom" }, "field-phase", undefined],
  ["http.response.code eq 1", { phase: "http_ratelimit" }, "field-phase", "counting expression"],
  ["tcp.dstport eq 1", { phase: "http_ratelimit" }, "field-phase", undefined],
  ['any(http.request.accepted_languages[*] eq "fr")', { phase: "http_ratelimit" }, "field-phase", undefined],
  ['to_string(ssl) eq "true"', { phase: "http_ratelimit" }, "function-phase", "http_request_transform"],
  ["bit_slice(http.host, 1, 2) eq 1", { phase: "http_ratelimit" }, "function-phase", "Network Firewall"],
  ["cf.bot_management.score eq 1", { plan: "pro" }, "field-plan", "needs Enterprise"],
  ['is_jwt_valid("a")', { plan: "pro" }, "function-plan", "Enterprise"],
  ['http.host matches "a"', { plan: "free" }, "regex-plan", "use contains"],
  [
    'regex_replace(http.host, "a", "b") eq "b" or regex_replace(http.host, "c", "d") eq "d"',
    { phase: "http_request_dynamic_redirect" },
    "function-repeated",
    "one rule for each",
  ],
  [
    'wildcard_replace(http.host, "a*", "b") eq wildcard_replace(http.host, "c*", "d")',
    {},
    "function-repeated",
    "wildcard_replace() can be used once in an expression",
  ],
  ['regex_replace(regex_replace(http.host, "a", "b"), "c", "d") eq "d"', {}, "function-repeated", "one rule for each"],
  [
    'regex_replace(wildcard_replace(http.host, "a*", "b"), "c", "d") eq "d"',
    {},
    "function-nested",
    "wildcard_replace() cannot be used inside regex_replace()",
  ],
  [
    'wildcard_replace(lower(regex_replace(http.host, "a", "b")), "c*", "d") eq "d"',
    {},
    "function-nested",
    "regex_replace() cannot be used inside wildcard_replace()",
  ],
] as const)("%s for %j is refused: %s", (text, where, code, hint) => {
  const message = told(text, where);
  expect(message).toContain(`[${code}]`);
  if (hint !== undefined) expect(message).toContain(hint);
});

test("what a phase or plan has is accepted", () => {
  expect(told("http.response.code eq 1", { phase: "http_ratelimit", part: "counting", plan: "business" })).toBe(
    "right",
  );
  expect(told("http.response.code eq 1", { phase: "http_custom_errors" })).toBe("right");
  expect(told('http.request.uri.path eq "/"', { phase: "http_ratelimit", plan: "free" })).toBe("right");
  expect(told("ssl", { phase: "http_ratelimit", plan: "enterprise" })).toBe("right");
  expect(told('any(http.request.accepted_languages[*] eq "fr")', { phase: "http_request_transform" })).toBe("right");
  expect(told("cidr(ip.src, 24, 24) eq 1.1.1.0", { phase: "http_ratelimit", plan: "enterprise" })).toBe("right");
});

test("one of each replacing function may stand in an expression, beside the other", () => {
  const where = { phase: "http_request_dynamic_redirect", plan: "enterprise" } as const;
  const regex = 'regex_replace(http.host, "a", "b")';
  const wildcard = 'wildcard_replace(http.host, "a*", "b")';
  expect(told(`${regex} eq "b"`, where)).toBe("right");
  expect(told(`lower(${wildcard}) eq "b"`, where)).toBe("right");
  expect(told(`${regex} eq ${wildcard}`, where)).toBe("right");
  expect(told(`lower(lower(http.host)) eq lower(http.host)`, where)).toBe("right");
  const doubled = compileValue(`concat(${regex}, ${regex})`, where);
  expect(!doubled.ok && doubled.diagnostics.map(({ code }) => code)).toEqual(["function-repeated"]);
});

test("a value is a field or a call, and no condition", () => {
  const refused = (text: string) => {
    const compiled = compileValue(text);
    return compiled.ok ? "right" : compiled.diagnostics.map(({ code, span }) => [code, span.start, span.end]);
  };
  expect(refused('lower(http.request.headers["x"][0])')).toBe("right");
  expect(refused('http.host eq "a"')).toEqual([["expected-value", 0, 16]]);
  expect(refused("ssl and ssl")).toEqual([["expected-value", 0, 11]]);
  expect(refused("")).toEqual([["expected-operand", 0, 0]]);
  expect(refused("http.hots")).toEqual([["unknown-field", 0, 9]]);
});

test("Cloudflare takes 4,096 characters and 64 regular expressions", () => {
  const patterns = (count: number) => Array.from({ length: count }, () => 'http.host ~ "a"').join(" or ");
  expect(told(patterns(64))).toBe("right");
  expect(told(patterns(65))).toContain("[too-many-regexes]");
  expect(told(`http.host eq "${"a".repeat(4096 - 15)}"`)).toBe("right");
  expect(told(`http.host eq "${"a".repeat(4096 - 14)}"`)).toContain("[expression-too-long]");
});
