// Every valid encoding is decoded, every other byte sequence is refused. With both executors, byte by byte.

import { describe, expect, it } from "vitest";
import { message } from "../../ts/src/schema/message.js";
import { t } from "../../ts/src/schema/t.js";
import { codecsOf, encode, encodeByBoth, type Loose, readField, roundTrip } from "./support/executors.js";

const Color = t.enum("n/Color", ["RED", "GREEN"]);
const S = message("n/S", { x: t.int });
/** Type info of `n/S` in full, and its hash. */
const S_INFO = "1d020134020348";
const S_HASH = "c03ec01d";

/** The result of both executors for a payload that is the only field of a message. */
const read = (schema: Loose, payload: string): Loose =>
  readField(message("s/One", { x: schema }, { types: [S, Color] }), payload);

const ints = t.list(t.int);
const maybeInts = t.list(t.optional(t.int));
const ages = t.map(t.string, t.int);

describe("lists are decoded from every encoding", () => {
  it.each([
    ["empty", ints, "00", []],
    ["declared", ints, "020c0204", [1, 2]],
    ["declared with a null", maybeInts, "020eff02fd", [1, null]],
    ["null flags without a null", ints, "010eff02", [1]],
    ["undeclared, one type", ints, "0208070204", [1, 2]],
    ["undeclared, with a null", maybeInts, "020a07ff02fd", [1, null]],
    ["undeclared, mixed kinds of integers", ints, "0200070202ff", [1, -1]],
    ["undeclared, mixed with null", maybeInts, "0202ff0702fd", [1, null]],
    ["undeclared, the value NONE", maybeInts, "020007 0224", [1, null]],
    ["undeclared, all null", maybeInts, "020a24fdfd", [null, null]],
    ["undeclared int32", ints, "0108050a", [5]],
    ["undeclared fixed int64", ints, "0108060500000000000000", [5]],
    ["undeclared tagged", ints, "0108080a000000", [5]],
    ["undeclared uint64", ints, "01080e05", [5]],
    ["ints where floats are declared", t.list(t.float), "0208070204", [1, 2]],
    ["float32 where floats are declared", t.list(t.float), "0108130000003f", [0.5]],
    ["strings in any encoding", t.list(t.string), "030c0461 096100 0661", ["a", "a", "a"]],
    ["strings with surrogate pairs as UTF-16", t.list(t.string), "010c113dd800de", ["😀"]],
    ["nested, the inner lists undeclared", t.list(ints), "010c01080702", [[1]]],
    ["nested, the outer list undeclared", t.list(ints), "010816010c02", [[1]]],
    ["messages undeclared", t.list(S), `0108${S_INFO}${S_HASH}02`, [{ x: 1 }]],
    [
      "mixed messages, the second name by reference",
      t.list(S),
      `0200${S_INFO}${S_HASH}021d0709${S_HASH}04`,
      [{ x: 1 }, { x: 2 }],
    ],
  ] as [string, Loose, string, unknown][])("%s", (_name, schema, payload, value) => {
    const found = read(schema, payload);
    expect(found).toEqual(value);
  });

  it.each([
    ["a flag byte after count 0", ints, "000c"],
    ["elements with reference flags", ints, "010d0002"],
    ["an unknown flag", ints, "011c02"],
    ["declared, but not of one type", ints, "010402"],
    ["a null in a list of ints", ints, "010efd"],
    ["a back reference", maybeInts, "010efe00"],
    ["a null without null flags", ints, "010024"],
    ["elements of type NONE", t.anyList, "16020824"],
    ["a string in a list of ints", ints, "01081504 61".replace(" ", "")],
    ["a value outside the range of the type", t.list(t.int8), "010807d804"],
    ["more elements than bytes", ints, "ffffff7f0c"],
    ["a count of more than 32 bits", ints, "ffffffff7f0c"],
    ["type id NONE where a message is declared", t.optional(S), "ff24"],
    ["a list of messages that names another type", t.list(S), "01081d020134020340c03ec01d02"],
    ["string encoding 3", t.list(t.string), "010c0761"],
    ["UTF-16 of odd length", t.list(t.string), "010c0561"],
    ["a lone surrogate", t.list(t.string), "010c0900d8"],
    ["invalid UTF-8", t.list(t.string), "010c06ff"],
    ["a string longer than the message", t.list(t.string), "010c7c61"],
  ] as [string, Loose, string][])("refused: %s", (_name, schema, payload) => {
    expect(read(schema, payload)).toBeInstanceOf(Error);
  });
});

describe("maps are decoded from every encoding", () => {
  const k1 = new Map([["k", 1]]);
  const ab = new Map([
    ["a", 1],
    ["b", 2],
  ]);
  const nullable = t.map(t.optional(t.string), t.optional(t.int));
  it.each([
    ["empty", ages, "00", new Map()],
    ["declared", ages, "012401046b02", k1],
    ["split into chunks of one", ages, "02240104610224010462 04", ab],
    ["undeclared", ages, "0100011507046b02", k1],
    ["only the key undeclared", ages, "01200115046b02", k1],
    ["only the value undeclared", ages, "01040107046b02", k1],
    ["null value", nullable, "0114046b", new Map([["k", null]])],
    ["null value, undeclared key", nullable, "0111ff15046b", new Map([["k", null]])],
    ["null key", nullable, "012202", new Map([[null, 1]])],
    ["null key, undeclared value", nullable, "010aff0702", new Map([[null, 1]])],
    ["both null", nullable, "0112", new Map([[null, null]])],
    ["an equal key twice: the last one is used", ages, "022402046b02046b04", new Map([["k", 2]])],
    ["into a record", t.record(t.int), "012401046b02", { k: 1 }],
    [
      "a record with the key __proto__",
      t.record(t.int),
      "012401245f5f70726f746f5f5f02",
      Object.assign(Object.create(null), JSON.parse('{"__proto__":1}')),
    ],
  ] as [string, Loose, string, unknown][])("%s", (_name, schema, payload, value) => {
    expect(read(schema, payload)).toEqual(value);
  });

  it.each([
    ["a chunk of no entries", ages, "012400"],
    ["a chunk of more entries than are left", ages, "012402046b02046b02"],
    ["an unknown bit", ages, "016401046b02"],
    ["keys with reference flags", ages, "01250100046b02"],
    ["a null value where values are ints", ages, "0114046b"],
    ["a null key where keys are strings", ages, "012202"],
    ["more entries than bytes", ages, "ffff7f24"],
  ] as [string, Loose, string][])("refused: %s", (_name, schema, payload) => {
    expect(read(schema, payload)).toBeInstanceOf(Error);
  });

  it("a record has no prototype, so its keys are only data", () => {
    const record = read(t.record(t.int), "012401245f5f70726f746f5f5f02") as object;
    expect(Object.getPrototypeOf(record)).toBeNull();
    expect(Object.keys(record)).toEqual(["__proto__"]);
  });

  it.each([0, 1, 254, 255, 256, 510, 511])("%d entries are written in chunks of 255", (count) => {
    const One = message("s/One", { x: ages });
    const entries = Array.from({ length: count }, (_, index) => [`k${index}`, index] as const);
    const bytes = encodeByBoth(One, { x: new Map(entries) });
    expect(One.encode({ x: Object.fromEntries(entries) })).toEqual(bytes);
    expect(One.decode(bytes)).toEqual({ x: new Map(entries) });
  });
});

describe("values without a schema", () => {
  const bag = t.any;
  it.each([
    ["null", "24", null],
    ["true", "0101", true],
    ["int", "0702", 1],
    ["a large int", "07808080808080808080", 2n ** 62n],
    ["float", "14000000000000f03f", 1],
    ["float32", "130000003f", 0.5],
    ["a list", "160208070204", [1, 2]],
    ["a set", "1701080702", new Set([1])],
    ["a map", "180100011507046b02", new Map([["k", 1]])],
    ["bytes", "290200ff", Uint8Array.of(0, 255)],
    ["a typed array", "2e080100000002000000", Int32Array.of(1, 2)],
    ["an array of bools", "2b020001", Uint8Array.of(0, 1)],
    ["a message", `${S_INFO}${S_HASH}02`, { x: 1 }],
  ] as [string, string, unknown][])("%s is read", (_name, payload, value) => {
    expect(read(bag, payload)).toEqual(value);
  });

  it.each([
    ["unknown type id", "2a00"],
    ["a typed array that ends inside an item", "2e0601000000 0200".replace(" ", "")],
    ["a typed array longer than the message", "2effffff7f01000000"],
    ["a typed array of more than 64 MiB", "2e81808020"],
    ["an array of bools with a 2", "2b0102"],
    ["an unknown array kind", "3500"],
    ["a numeric type id", "1b64c03ec01d02"],
    ["a compatible struct", "1e00"],
    ["an unknown name", "1d0201340203 5c00000000".replace(" ", "")],
    ["a message named as an enum", `1a${S_INFO.slice(2)}02`],
    ["a reference to a name that does not exist", "1d0b0b00000000"],
    ["a name with an unknown encoding", "1d020534020348"],
    ["a hash that differs", `${S_INFO}0000000002`],
  ])("refused: %s", (_name, payload) => {
    expect(read(bag, payload)).toBeInstanceOf(Error);
  });

  it("t.anyList accepts only lists, t.anyMap only maps", () => {
    expect(read(t.anyList, "1600")).toEqual([]);
    expect(read(t.anyList, "1800")).toBeInstanceOf(Error);
    expect(read(t.anyMap, "1800")).toEqual(new Map());
    expect(read(t.anyMap, "24")).toBeInstanceOf(Error);
  });
});

describe("bare lists and maps inside other containers", () => {
  it("are encoded with their type, and a type id of the peer has no effect", () => {
    expect(read(t.list(t.anyList), "01081600")).toEqual([[]]);
    expect(read(t.list(t.anyList), "010c00")).toBeInstanceOf(Error);
    expect(read(t.map(t.string, t.anyMap), "01040118046100")).toEqual(new Map([["a", new Map()]]));
    expect(read(t.map(t.string, t.anyMap), "012401046100")).toBeInstanceOf(Error);
  });
});

describe("depth", () => {
  const Node = message("d/Node", {
    get next() {
      return t.optional(Node);
    },
  });
  const chain = (length: number): Loose => {
    let node: Loose = { next: null };
    for (let made = 1; made < length; made++) node = { next: node };
    return node;
  };

  it("50 messages inside each other are accepted, 51 are refused", () => {
    expect(roundTrip(Node, chain(50))).toEqual(chain(50));
    for (const codec of codecsOf(Node))
      expect(() => encode(codec, chain(51))).toThrow(/nested deeper than 50/);
  });

  it("a cycle is refused", () => {
    const loop: Loose = { next: null };
    loop.next = loop;
    expect(() => Node.encode(loop)).toThrow(/nested deeper than 50/);
  });

  it("deeply nested lists are refused at the limit", () => {
    expect(read(t.any, "160108".repeat(60))).toMatchObject({ message: /nested deeper than 50/ });
  });
});

describe("t.bytes.base64", () => {
  const Key = message("b/Key", { key: t.bytes.base64 });
  const Bare = message("b/Key", { key: t.bytes });
  const key = Uint8Array.of(0, 1, 255);

  it("is a string in JSON mode, where t.bytes is refused, and has the same bytes in XLANG", () => {
    expect(Key.encodeJson({ key })).toBe('{"key":"AAH/"}');
    expect(Key.decodeJson('{"key":"AAH/"}')).toEqual({ key });
    expect(() => Bare.encodeJson({ key })).toThrow(/no JSON form/);
    expect(() => Bare.decodeJson('{"key":"AAH/"}')).toThrow(/no JSON form/);
    expect(Key.encode({ key })).toEqual(Bare.encode({ key }));
    expect(Bare.decode(Key.encode({ key }))).toEqual({ key });
  });

  it("refuses strings that are not base64, with the path", () => {
    for (const text of ['"AAH"', '"AAH_"', '"A"', "7", "null"]) {
      expect(() => Key.decodeJson(`{"key":${text}}`)).toThrow(
        expect.objectContaining({ codeName: "INVALID_ARGUMENT", details: new Map([["path", "key"]]) }),
      );
    }
  });
});
