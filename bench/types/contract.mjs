// A large contract as a program would have it, and a program that uses all of it: what the compiler is measured with.
// Owns: their code as text. Every message has flat fields of all usual kinds and refers to earlier messages; some refer to
// themselves and to later ones through getters.

const FLAT = [
  "t.string",
  "t.int",
  "t.optional(t.string)",
  "t.timestamp",
  "t.bool",
  "t.list(t.string)",
  "t.float.default(0)",
  "t.bytes",
];
const KINDS = ["unary", "unary", "unary", "serverStream", "unary", "clientStream", "unary", "bidiStream"];

/** The shape of a contract: how many messages and methods, and how many methods a service has. */
export const USUAL = { messages: 300, methods: 500, service: 25 };

const times = (count, make) => Array.from({ length: count }, (_, index) => make(index));

function fields(n) {
  const flat = times(9, (i) => `field${i}: ${FLAT[(i * 3 + n) % FLAT.length]}`);
  if (n === 0) return flat;
  flat.push(`first: M${n >> 1}`, `rest: t.list(M${Math.max(0, n - 1 - (n % 7))})`);
  if (n % 3 === 0) flat.push(`maybe: t.optional(M${Math.floor(n / 3)})`);
  if (n % 5 === 0) flat.push(`byName: t.map(t.string, M${n - 1})`);
  if (n % 10 === 0)
    flat.push(`get children() { return t.list(M${n}); }`, `get next() { return t.optional(M${n + 1}); }`);
  return flat;
}

const method = (n, messages) =>
  `call${n}: ${KINDS[n % KINDS.length]}(M${n % messages}, M${(n * 7 + 3) % messages})`;

/** The module of the contract. */
export function contractCode({ messages, methods, service }) {
  const classes = times(
    messages,
    (n) => `export class M${n} extends message("bench/M${n}", { ${fields(n).join(", ")} }) {}`,
  );
  // The last getter of a message refers to the next one.
  classes.push(`export class M${messages} extends message("bench/M${messages}", { a: t.string }) {}`);
  const tables = times(Math.ceil(methods / service), (s) => {
    const table = times(service, (i) => method(s * service + i, messages)).join(", ");
    return `export const S${s} = service("S${s}", { version: 1 }, { ${table} });`;
  });
  const imports =
    'import { bidiStream, clientStream, message, serverStream, service, t, unary } from "aster-rpc";';
  return [imports, ...classes, ...tables, ""].join("\n");
}

const services = ({ methods, service }) => times(Math.ceil(methods / service), (s) => s);

const importOf = (shape, from, more) =>
  `import { ${services(shape)
    .map((s) => `S${s}`)
    .join(", ")}${more} } from ${JSON.stringify(from)};`;

/** A module that calls every method through stubs, with the contract behind `from`. */
export function consumerCode(shape, from) {
  const { messages, service } = shape;
  const lines = [
    'import type { AsterClient } from "aster-rpc";',
    importOf(shape, from, `, type M10, type M${messages - 1}`),
    "declare const input: never;",
    `export async function run(client: AsterClient, deep: M10, other: M${messages - 1}): Promise<string> {`,
  ];
  for (const s of services(shape)) {
    lines.push(`  const s${s} = client.stub(S${s});`);
    for (let i = 0; i < service; i += 1) lines.push(call(s, s * service + i, messages));
  }
  const text = "deep.children[0]?.next?.first.field0.toString() ?? other.rest.length.toFixed()";
  return [...lines, `  return ${text};`, "}", ""].join("\n");
}

/** A module that answers every method, with the contract behind `from`. */
export function handlersCode(shape, from) {
  const { messages, service } = shape;
  const lines = [
    'import { implement } from "aster-rpc";',
    importOf(shape, from, ""),
    "declare const stored: never;",
  ];
  for (const s of services(shape)) {
    const table = times(service, (i) => handler(s * service + i, messages)).join(", ");
    lines.push(`export const i${s} = implement(S${s}, { ${table} });`);
  }
  return `${lines.join("\n")}\n`;
}

function call(s, n, messages) {
  const field = `field${(n * 7 + 3) % messages === 0 ? 0 : n % 9}`;
  switch (KINDS[n % KINDS.length]) {
    case "unary":
      return `  (await s${s}.call${n}(input)).${field};`;
    case "serverStream":
      return `  for await (const item of s${s}.call${n}(input)) item.${field};`;
    case "clientStream":
      return `  (await s${s}.call${n}([])).${field};`;
    default:
      return `  for await (const item of s${s}.call${n}()) item.${field};`;
  }
}

function handler(n, messages) {
  const field = `field${n % messages === 0 ? 0 : n % 9}`;
  switch (KINDS[n % KINDS.length]) {
    case "unary":
      return `call${n}: (request) => { request.${field}; return stored; }`;
    case "serverStream":
      return `async *call${n}(request) { request.${field}; yield stored; }`;
    case "clientStream":
      return `async call${n}(items) { for await (const item of items) item.${field}; return stored; }`;
    default:
      return `async *call${n}(items) { for await (const item of items) { item.${field}; yield stored; } }`;
  }
}
