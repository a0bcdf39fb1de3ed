// The values that the codec bench encodes, made from a fixed seed: equal for every codec, process and machine. Each
// message has several variants that are used in turn, so no codec benefits from encoding the same object repeatedly.

/** Title, number of variants and factory of each message, by name. */
export const messages = {
  small: { title: "small status", type: "Status", variants: 16, make: makeStatus },
  invoice: {
    title: "invoice, 10 lines",
    type: "Invoice",
    variants: 8,
    make: (random) => makeInvoice(random, 10),
  },
  invoice1000: {
    title: "invoice, 1,000 lines",
    type: "Invoice",
    variants: 2,
    make: (random) => makeInvoice(random, 1000),
  },
  points: { title: "10,000 points", type: "Track", variants: 2, make: (random) => makeTrack(random, 10_000) },
  graph: {
    title: "graph, 2,000 references to 50 objects",
    type: "Board",
    variants: 4,
    make: (random) => makeBoard(random, 2000, 50),
  },
};

/** The variants of a message. */
export function makeVariants(name) {
  const { variants, make } = messages[name];
  const random = seeded(0x5eed);
  return Array.from({ length: variants }, () => make(random));
}

function makeStatus(random) {
  return {
    agentId: `agent-${digits(random, 10)}`,
    status: pick(random, ["ok", "busy", "down"]),
    uptimeSecs: whole(random, 1e6),
  };
}

function makeInvoice(random, count) {
  const lines = Array.from({ length: count }, (_, index) => makeLine(random, index));
  return {
    invoiceId: `inv-${digits(random, 12)}`,
    customerId: `cust-${digits(random, 8)}`,
    customerName: pick(random, [
      "Søren Ångström",
      "Acme Corporation",
      "Zoë & Sons, Ltd.",
      "Müller Werkzeugbau GmbH",
    ]),
    currency: pick(random, ["EUR", "USD", "JPY"]),
    status: pick(random, ["draft", "open", "paid"]),
    amountCents: lines.reduce((sum, { totalCents }) => sum + totalCents, 0),
    issuedAtMs: 1_700_000_000_000 + whole(random, 1e9),
    paid: random() < 0.5,
    lines,
    labels: {
      region: pick(random, ["eu-north", "us-east"]),
      costCenter: digits(random, 6),
      project: "migration",
    },
  };
}

function makeLine(random, index) {
  const quantity = 1 + whole(random, 20);
  const unitPriceCents = 100 + whole(random, 50_000);
  return {
    lineId: `line-${index}-${digits(random, 4)}`,
    sku: `SKU-${digits(random, 8)}`,
    description: `${pick(random, materials)} ${pick(random, things)}, size ${whole(random, 60)}, lot ${digits(random, 4)}-${digits(random, 6)}`,
    quantity,
    unitPriceCents,
    totalCents: quantity * unitPriceCents,
    taxRate: pick(random, [0.07, 0.19, 0.25]),
    taxable: random() < 0.8,
    tags: [
      pick(random, ["stock", "order"]),
      pick(random, ["heavy", "fragile", "plain"]),
      `bay-${whole(random, 100)}`,
    ],
  };
}

const materials = ["Stainless steel", "Galvanised", "Anodised aluminium", "Oak veneer", "Reinforced nylon"];
const things = ["hinge with screws", "mounting bracket", "threaded insert", "cable gland", "adjustable foot"];

function makeTrack(random, count) {
  const coordinate = () => (random() - 0.5) * 1000;
  return {
    points: Array.from({ length: count }, () => ({ x: coordinate(), y: coordinate(), z: coordinate() })),
  };
}

/** Tasks with few owners: one owner object occurs in many tasks. */
function makeBoard(random, count, owners) {
  const people = Array.from({ length: owners }, (_, index) => ({
    personId: `person-${digits(random, 8)}`,
    name: `${pick(random, ["Ada", "Ben", "Søren", "Zoë"])} ${pick(random, ["Moreau", "Lindqvist", "Okafor"])}`,
    email: `user-${index}-${digits(random, 4)}@example.com`,
    role: pick(random, ["engineer", "designer", "manager"]),
    joined: 1_600_000_000 + whole(random, 1e8),
  }));
  const tasks = Array.from({ length: count }, (_, index) => ({
    taskId: 1000 + index,
    owner: pick(random, people),
  }));
  return { tasks };
}

/** mulberry32: a small random generator with equal results on every machine. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const whole = (random, limit) => Math.floor(random() * limit);
const digits = (random, count) => Array.from({ length: count }, () => whole(random, 10)).join("");
const pick = (random, choices) => choices[whole(random, choices.length)];
